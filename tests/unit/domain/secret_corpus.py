"""Credentials made up for tests, inside ordinary text: the kinds, how each is made, and the texts around them.

Not real ones: a seeded generator makes each from its published shape, so nothing in this file is a credential either.
"""

from __future__ import annotations

import random
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from string import ascii_letters, ascii_uppercase, digits
from typing import NamedTuple

ALNUM = ascii_letters + digits
HEX = "0123456789abcdef"
URLSAFE = ALNUM + "-_"
SYMBOLS = "!#%^*+=?~"


class Planted(NamedTuple):
    """A text with a credential in it. `secret` is what must not remain."""

    kind: str
    secret: str
    text: str


class Maker:
    """Random texts of an alphabet, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def some(self, alphabet: str, size: int) -> str:
        return "".join(self._random.choices(alphabet, k=size))

    def uuid(self) -> str:
        return "-".join(self.some(HEX, size) for size in (8, 4, 4, 4, 12))

    def password(self) -> str:
        """12 to 20 characters of all four kinds."""
        body = self.some(ALNUM + SYMBOLS, self._random.randint(8, 16))
        return f"{self.some(ascii_uppercase, 1)}{body}{self.some(digits, 2)}{self.some('!#?', 1)}"

    def base64(self, size: int) -> str:
        return b64encode(self._random.randbytes(size)).decode()

    def json64(self, text: str) -> str:
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def pem(self, what: str, size: int = 600) -> str:
        body = self.base64(size)
        lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
        return f"-----BEGIN {what}-----\n{lines}\n-----END {what}-----"


def jwt(make: Maker) -> str:
    head = make.json64('{"alg":"HS256","typ":"JWT"}')
    body = make.json64('{"iat":1516239022,"sub":"' + make.some(digits, 8) + '"}')
    return f"{head}.{body}.{make.some(URLSAFE, 43)}"


SHAPED: dict[str, Callable[[Maker], str]] = {
    "aws-access-key": lambda m: "AKIA" + m.some(ascii_uppercase + "234567", 16),
    "gcp-api-key": lambda m: "AIza" + m.some(URLSAFE, 35),
    "github-token": lambda m: m.some("posur", 1).join(("gh", "_")) + m.some(ALNUM, 36),
    "github-fine-grained-token": lambda m: f"github_pat_{m.some(ALNUM, 22)}_{m.some(ALNUM, 59)}",
    "gitlab-token": lambda m: "glpat-" + m.some(URLSAFE, 20),
    "bitbucket-token": lambda m: "ATBB" + m.some(ALNUM, 32),
    "atlassian-token": lambda m: "ATATT3xFfGF0" + m.some(URLSAFE, 180),
    "slack-token": lambda m: f"xoxb-{m.some(digits, 12)}-{m.some(digits, 13)}-{m.some(ALNUM, 24)}",
    "slack-webhook": lambda m: (
        f"https://hooks.slack.com/services/T{m.some(ascii_uppercase, 8)}/B{m.some(ascii_uppercase, 8)}/"
        + m.some(ALNUM, 24)
    ),
    "discord-webhook": lambda m: f"https://discord.com/api/webhooks/{m.some(digits, 18)}/{m.some(URLSAFE, 68)}",
    "stripe-key": lambda m: "sk_live_" + m.some(ALNUM, 24),
    "twilio-key": lambda m: "SK" + m.some(HEX, 32),
    "sendgrid-key": lambda m: f"SG.{m.some(URLSAFE, 22)}.{m.some(URLSAFE, 43)}",
    "mailgun-key": lambda m: "key-" + m.some(HEX, 32),
    "npm-token": lambda m: "npm_" + m.some(ALNUM, 36),
    "pypi-token": lambda m: "pypi-AgEIcHlwaS5vcmc" + m.some(URLSAFE, 150),
    "docker-token": lambda m: "dckr_pat_" + m.some(URLSAFE, 27),
    "digitalocean-token": lambda m: "dop_v1_" + m.some(HEX, 64),
    "openai-key": lambda m: f"sk-proj-{m.some(URLSAFE, 74)}T3BlbkFJ{m.some(URLSAFE, 74)}",
    "openai-old-key": lambda m: f"sk-{m.some(ALNUM, 20)}T3BlbkFJ{m.some(ALNUM, 20)}",
    "anthropic-key": lambda m: f"sk-ant-api03-{m.some(URLSAFE, 93)}AA",
    "huggingface-token": lambda m: "hf_" + m.some(ascii_letters, 34),
    "square-token": lambda m: "sq0atp-" + m.some(URLSAFE, 22),
    "shopify-token": lambda m: "shpat_" + m.some(HEX, 32),
    "jwt": jwt,
    "terraform-token": lambda m: f"{m.some(ALNUM, 14)}.atlasv1.{m.some(URLSAFE, 67)}",
    "vault-token": lambda m: "hvs." + m.some(URLSAFE, 95),
    "databricks-token": lambda m: "dapi" + m.some(HEX, 32),
    "newrelic-key": lambda m: "NRAK-" + m.some(ascii_uppercase + digits, 27),
    "linear-key": lambda m: "lin_api_" + m.some(ALNUM, 40),
    "notion-token": lambda m: f"ntn_{m.some(digits, 11)}{m.some(ALNUM, 35)}",
    "airtable-token": lambda m: f"pat{m.some(ALNUM, 14)}.{m.some(HEX, 64)}",
    "grafana-token": lambda m: f"glsa_{m.some(ALNUM, 32)}_{m.some(HEX, 8)}",
    "doppler-token": lambda m: "dp.pt." + m.some(ALNUM, 43),
    "planetscale-token": lambda m: "pscale_tkn_" + m.some(URLSAFE, 43),
    "postman-key": lambda m: f"PMAK-{m.some(HEX, 24)}-{m.some(HEX, 34)}",
    "pulumi-token": lambda m: "pul-" + m.some(HEX, 40),
    "rubygems-key": lambda m: "rubygems_" + m.some(HEX, 48),
    "facebook-token": lambda m: "EAAC" + m.some(ALNUM, 150),
    "mapbox-token": lambda m: f"sk.eyJ{m.some(ALNUM, 60)}.{m.some(URLSAFE, 22)}",
    "launchdarkly-key": lambda m: "sdk-" + m.uuid(),
    "dropbox-token": lambda m: "sl." + m.some(URLSAFE, 135),
    "age-secret-key": lambda m: "AGE-SECRET-KEY-1" + m.some("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "sentry-dsn": lambda m: f"https://{m.some(HEX, 32)}@o{m.some(digits, 6)}.ingest.sentry.io/{m.some(digits, 7)}",
    "private-key": lambda m: m.pem("RSA PRIVATE KEY"),
    "openssh-key": lambda m: m.pem("OPENSSH PRIVATE KEY", 260),
    "ec-key": lambda m: m.pem("EC PRIVATE KEY", 120),
    "pgp-key": lambda m: m.pem("PGP PRIVATE KEY BLOCK", 900),
}
"""Kinds that show wherever they stand."""

AROUND = (
    "We hit the rate limit again yesterday. Switched the job to {} until finance answers, see the thread.",
    "{}",
    "Deploy notes:\n- bump the image to 1.4.2\n- set `{}` on staging\n- run the migrations",
    'config = {{"retries": 3, "value": "{}", "debug": false}}',
    "export SERVICE_AUTH={}\nmake deploy",
    "curl -s -H 'X-Thing: {}' https://api.internal.test/v1/items | jq .",
    'The log says "rejected {}" at 12:03, then a retry.',
)

IN_PLACE: dict[str, tuple[Callable[[Maker], str], tuple[str, ...]]] = {
    "aws-secret-key": (
        lambda m: (
            m.some(ALNUM, 18) + "/" + m.some(ALNUM, 15) + "+" + m.some("abc", 1) + m.some("XYZ", 1) + m.some(digits, 3)
        ),
        (
            "aws_secret_access_key = {}",
            'AWS_SECRET_ACCESS_KEY="{}"',
            'new AWS.S3({{accessKeyId: id, secretAccessKey: "{}" }})',
            "the aws secret key for the backup user is {} (rotate in May)",
            "AKIAQ3EGRTBEZ5XWLK7M,{}",
        ),
    ),
    "azure-account-key": (
        lambda m: m.base64(64),
        (
            "DefaultEndpointsProtocol=https;AccountName=logs;AccountKey={};EndpointSuffix=core.windows.net",
            "AZURE_STORAGE_KEY={}",
            "az storage blob list --account-key {}",
        ),
    ),
    "azure-sas": (
        lambda m: m.some(ALNUM, 40) + "%2B" + m.some(ALNUM, 3) + "%3D",
        ("https://logs.blob.core.windows.net/c?sv=2022-11-02&ss=b&srt=sco&sp=rl&se=2026-01-01T00:00:00Z&sig={}",),
    ),
    "azure-shared-access-key": (
        lambda m: m.base64(32),
        ("Endpoint=sb://bus.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={}",),
    ),
    "database-url": (
        Maker.password,
        (
            "DATABASE_URL=postgres://app:{}@db.internal:5432/app",
            "the old mysql://root:{}@10.0.0.7/shop still works from the bastion",
            'mongo = MongoClient("mongodb+srv://svc:{}@cluster0.ab1cd.mongodb.net/prod?retryWrites=true")',
            "redis://:{}@cache-1.internal:6379/0 is the session store",
            "broker_url: amqp://worker:{}@rabbit:5672/jobs",
        ),
    ),
    "basic-auth-url": (
        lambda m: m.some(ALNUM, 18),
        (
            "git clone https://deploy:{}@git.internal.test/infra/charts.git",
            "wget http://ann:{}@files.internal.test/dump.gz",
        ),
    ),
    "basic-auth-header": (
        lambda m: b64encode(f"admin:{m.password()}".encode()).decode(),
        ("Authorization: Basic {}", "curl -H 'authorization: basic {}' https://jenkins.internal.test/api/json"),
    ),
    "bearer-token": (
        lambda m: m.some(ALNUM, 40),
        (
            "Authorization: Bearer {}",
            'headers = {{"Authorization": "Bearer {}"}}',
            "http GET :8000/me 'Authorization: Token {}'",
            "X-API-Key: {}",
        ),
    ),
    "curl-user": (
        Maker.password,
        ("curl -u admin:{} https://nexus.internal.test/", "curl --user 'bot:{}' -X POST host"),
    ),
    "netrc": (
        Maker.password,
        (
            "machine git.internal.test login ann password {}",
            "machine api.heroku.com\n  login ann@corp.test\n  password {}\n",
        ),
    ),
    "pgpass": (
        lambda m: m.some(ALNUM, 14),
        ("db.internal:5432:app:reporter:{}", "~/.pgpass has\n*:*:app:reporter:{}\nnow"),
    ),
    "password-hash": (
        lambda m: m.some(ALNUM, 22),
        (
            "admin:$apr1$k3Xw9qLz${}",
            "ann:$2y$10$" + "N9qo8uLOickgx2ZMRZoMye" + "IjZAg{}",
            "root:$6$rounds=5000$saltsalt${}:19000:0:99999:7:::",
        ),
    ),
    "password": (
        Maker.password,
        (
            "DB_PASSWORD={}",
            "password: {}",
            'db:\n  user: app\n  password: "{}"\n  host: db',
            "spring.datasource.password={}",
            "the staging password is {} until Friday",
            "PGPASSWORD='{}' psql -h db -U app",
            "mysql -u root -p{} shop < dump.sql",
            "Server=sql1;Database=shop;User Id=sa;Password={};Encrypt=true",
            "wifi passphrase for the office: {}",
            "login with admin, password {}, then click deploy",
            '{{"username": "ann", "password": "{}"}}',
            "<password>{}</password>",
            "CREATE USER 'app'@'%' IDENTIFIED BY '{}';",
            "ansible-vault: --extra-vars db_pass={}",
            "-e MYSQL_ROOT_PASSWORD={} mysql:8",
            'export TF_VAR_db_password="{}"',
            "use {} as the root password",
        ),
    ),
    "secret": (
        lambda m: m.some(ALNUM, 32),
        (
            "SECRET_KEY = '{}'",
            "client_secret: {}",
            '"clientSecret": "{}",',
            "JWT_SECRET={}",
            "the webhook secret is {}",
            "const signingKey = `{}`;",
            "encryption_key => '{}',",
            "oauth2:\n  client-id: web\n  client-secret: {}",
            "https://api.internal.test/v1?api_key={}&page=2",
        ),
    ),
    "hex-secret": (
        lambda m: m.some(HEX, 32),
        (
            "DD_API_KEY={}",
            "twilio auth token: {}",
            "ALGOLIA_ADMIN_KEY={}",
            'datadog:\n  api_key: "{}"',
            "flask secret_key = '{}'",
            "FASTLY_API_TOKEN={}",
            "facebook_app_secret={}",
        ),
    ),
    "uuid-secret": (Maker.uuid, ("HEROKU_API_KEY={}", "snyk token: {}", "//registry.npmjs.org/:_authToken={}")),
    "cloudflare-token": (
        lambda m: m.some(URLSAFE, 40),
        ("CLOUDFLARE_API_TOKEN={}", "cloudflare token {} has zone edit"),
    ),
    "okta-token": (lambda m: "00" + m.some(URLSAFE, 40), ("Authorization: SSWS {}", "OKTA_API_TOKEN={}")),
    "telegram-token": (
        lambda m: f"{m.some('123456789', 10)}:AA{m.some(URLSAFE, 33)}",
        ("https://api.telegram.org/bot{}/sendMessage", "TELEGRAM_TOKEN={}", "the alert bot runs on {}"),
    ),
    "discord-token": (
        lambda m: f"MT{m.some(ALNUM, 24)}.{m.some(ALNUM, 6)}.{m.some(URLSAFE, 38)}",
        ("DISCORD_TOKEN={}", "client.login('{}')  // the bot"),
    ),
    "twitter-secret": (
        lambda m: m.some(ALNUM, 45),
        ("TWITTER_ACCESS_SECRET={}", 'twitter: {{"access_token_secret": "{}"}}'),
    ),
    "linkedin-secret": (lambda m: m.some(ALNUM, 16), ("LINKEDIN_CLIENT_SECRET={}", "linkedin client secret: {}")),
    "service-account": (
        lambda m: m.pem("PRIVATE KEY", 1200).replace("\n", "\\n"),
        ('{{"type": "service_account", "project_id": "p-1", "private_key": "{}\\n", "client_email": "a@p.test"}}',),
    ),
    "key-in-a-quotation": (
        lambda m: m.pem("RSA PRIVATE KEY").replace("\n", "\n> "),
        ("Ann wrote:\n> {}\n\nPlease rotate.",),
    ),
    "docker-config": (
        lambda m: b64encode(f"ci:{m.some(ALNUM, 20)}".encode()).decode(),
        ('{{"auths": {{"registry.internal.test": {{"auth": "{}"}}}}}}',),
    ),
    "kubernetes-secret": (
        lambda m: m.base64(24),
        ("kind: Secret\ndata:\n  password: {}\n", "env:\n  - name: API_TOKEN\n    value: {}\n"),
    ),
}
"""Kinds that only the words and places around them give away."""

ROUNDS = 3


def corpus(seed: int = 20261122) -> Iterator[Planted]:
    """Every kind in several texts, ROUNDS credentials each where only a place gives them away."""
    make = Maker(seed)
    for kind, of in SHAPED.items():
        for text in AROUND:
            secret = of(make)
            yield Planted(kind, secret, text.format(secret))
    for kind, (of, texts) in IN_PLACE.items():
        for text in texts * ROUNDS:
            secret = of(make)
            yield Planted(kind, secret, text.format(secret))


CLASSES = (
    "SMTPNotSupportedError", "BackgroundScheduler", "AsyncNetworkStream", "AbstractHTTPHandler", "BlasSrcNotFoundError",
    "BaseHTTPRequestHandler", "ContentLengthReader", "ContextSendStream", "ListPromptsRequest", "TestStringConverter",
)  # fmt: skip
"""Names of classes in which consonants come in heaps, as in a random value."""
HARMLESS = (
    "Fix token counting for gpt-4o-mini, refs 3f2a9c1d5e6b7a8c9d0e1f2a3b4c5d6e7f8a9b0c",
    "password = None",
    "password: str | None = None",
    "The password is required, at least 8 characters.",
    "token = get_token(request)",
    "api_key = os.environ['OPENAI_API_KEY']",
    "key: ${API_KEY}, token: <your-token>, secret: {{ vault_secret }}",
    "export GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "postgres://user:password@localhost:5432/db and postgres://user:${DB_PASS}@db/app",
    "See https://example.com/docs?token=YOUR_TOKEN for the API key format.",
    "uuid 3f2a9c1d-5e6b-4a8c-9d0e-1f2a3b4c5d6e was the request id of the failed call",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7vbqajDhA ann@laptop",
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo\n-----END PUBLIC KEY-----",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "Basic authentication is gone; use Bearer tokens instead of the session cookie.",
    "The primary key is customer_id, the foreign key order_line_reference_number2.",
    "secrets.token_hex(16) makes the session key; see lmem/domain/secrets.py:42",
    "self.password_hasher = PasswordHasher(); password=password, token=token",
    "Add --api-key option to the serve command, and -p/--password-file",
    "localhost:8080:app:main -> container, tests/test_auth.py:120:5:error:bad",
    "cache key = f'{user_id}:{commit_sha}'; token_count=128000; max_tokens: 4096",
    "Renamed ACCESS_TOKEN_EXPIRE_MINUTES to access_token_ttl_seconds in the settings",
    "The tokenizer's merges file is tokenizer-v3-base-uncased.json, 1.2 MB.",
    "sk-learn and sk_buff are names, as is hf_hub_download_with_retries_and_backoff",
    "git remote add origin git@github.com:ann/api-keys.git",
    "password reset: POST /users/42/password/reset?lang=en",
    "JWT secret rotation every 90 days; secret manager: projects/p-1/secrets/db/versions/latest",
)
"""Texts with nothing to hide, each near to something that has."""
