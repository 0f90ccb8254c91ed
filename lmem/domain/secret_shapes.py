"""Credentials by their published shapes: one row for each kind of token that can be told by its own look.

Not for secrets without a shape; the words beside those give them away (lmem.domain.secret_words). The shapes are what
the vendors publish, checked against the rule set of gitleaks (github.com/gitleaks/gitleaks, MIT), written anew: least
lengths instead of exact ones, no context where a prefix says enough, and no match for what is public by design.
"""

from __future__ import annotations

from typing import NamedTuple

SHORTEST_WORD = 12


class Shape(NamedTuple):
    """A kind of credential. `hints` are lower-case texts, one of which is in every word that has one of this kind
    ('_-' is a space and a dash).

    A shape lies within one word: no white space, at least SHORTEST_WORD characters. A group named `s` in the pattern is
    the secret part; without it all of the match is. `test` names what the secret part must look like
    (lmem.domain.secret_strength.TESTS), for prefixes that also begin ordinary names. Repetitions before the first
    literal of a pattern are bounded, so that no text makes one slow.
    """

    kind: str
    hints: str
    pattern: str
    test: str = "varied"


_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"

SHAPES: tuple[Shape, ...] = (
    # Keys; those in PEM blocks are found by lmem.domain.secrets
    Shape("age-secret-key", "age-secret-key", r"(?i)AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{40,}"),
    # Clouds
    Shape("aws-access-key", "a3t akia asia abia acca",
          r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    Shape("aws-bedrock-key", "absk", r"ABSK[A-Za-z0-9+/]{80,}={0,2}"),
    Shape("gcp-api-key", "aiza", r"AIza[\w-]{30,}"),
    Shape("gcp-oauth-secret", "gocspx-", r"GOCSPX-[\w-]{20,}"),
    Shape("gcp-oauth-token", "ya29.", r"ya29\.[\w.-]{20,}"),
    Shape("gcp-refresh-token", "1//0", r"1//0[\w-]{30,}"),
    Shape("azure-account-key", "accountkey accesskey",
          r"(?i)(?:Account|Shared ?Access)Key\s*=\s*(?P<s>[A-Za-z0-9+/%]{30,}={0,2})"),
    Shape("azure-sas-signature", "sig=", r"(?i)[?&;\"' ]sig=(?P<s>[A-Za-z0-9%+/_-]{30,}={0,2})"),
    Shape("azure-client-secret", "q~", r"[\w~.-]{3}\dQ~[\w~.-]{30,}"),
    Shape("azure-key", "acdb astb aste astu azfu azse azca azdo",
          r"[A-Za-z0-9+/]{30,90}(?:ACDb|\+AS[a-zA-Z]|AzFu|AzSe|AzCa|AZDO)[A-Za-z0-9+/]{4,10}={0,2}"),
    Shape("alibaba-access-key", "ltai", r"LTAI[A-Za-z0-9]{12,}", "mixed"),
    Shape("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", r"do[opr]_v1_[0-9a-fA-F]{40,}"),
    Shape("cloudflare-key", "v1.0- cfut_ cfat_ cfk_", r"v1\.0-[0-9a-f]{20,}-[0-9a-f]{100,}|cf(?:ut|at|k)_[\w-]{36,}"),
    Shape("heroku-key", "hrku-", r"HRKU-[\w-]{30,}"),
    Shape("fly-token", "fo1_ fm1a_ fm1r_ fm2_", r"(?:fo1|fm1[ar]|fm2)_[\w+/=-]{40,}"),
    Shape("planetscale-token", "pscale_", r"pscale_(?:tkn|pw|oauth)_[\w=.-]{24,}"),
    Shape("supabase-key", "sbp_ sb_secret_", r"(?:sbp_(?:v0_)?[0-9a-f]{36,}|sb_secret_[\w-]{20,})"),
    Shape("neon-key", "napi_", r"napi_[a-z0-9]{40,}"),
    Shape("mongodb-atlas-secret", "mdb_sa_sk_", r"mdb_sa_sk_[\w-]{30,}"),
    Shape("vercel-token", "vcp_ vci_ vca_ vcr_ vck_", r"vc[piark]_[A-Za-z0-9]{24,}", "mixed"),
    Shape("netlify-token", "nfp_ nfc_ nfo_ nfu_", r"nf[pcou]_[A-Za-z0-9]{30,}"),
    Shape("render-key", "rnd_", r"rnd_[A-Za-z0-9]{28,}", "mixed"),
    Shape("scalingo-token", "tk-us-", r"tk-us-[\w-]{40,}"),
    Shape("yandex-key", "aqvn", r"AQVN[\w-]{35,}"),
    # Forges, registries, builds
    Shape("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{30,}"),
    Shape("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{30,}"),
    Shape("gitlab-token", "gl", r"gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|agent|oas|soat|ffct|wt)-[\w.-]{18,}"),
    Shape("gitlab-token", "gr1348941", r"GR1348941[\w-]{18,}"),
    Shape("gitlab-session", "_gitlab_session=", r"_gitlab_session=(?P<s>[0-9a-z]{20,})"),
    Shape("bitbucket-token", "atbb atctt", r"(?:ATBB[A-Za-z0-9_=-]{24,}|ATCTT3[\w=.-]{40,})", "mixed"),
    Shape("atlassian-token", "atatt atoatt", r"ATO?ATT3[\w=.-]{30,}"),
    Shape("npm-token", "npm_", r"npm_[A-Za-z0-9]{30,}"),
    Shape("npm-token", "_authtoken _auth _password",
          r"(?m)_(?:authToken|auth|password)\s*=\s*[\"']?(?P<s>[^\s\"'$<]{12,})"),
    Shape("pypi-token", "pypi-ag", r"pypi-Ag[\w-]{40,}"),
    Shape("rubygems-key", "rubygems_", r"rubygems_[0-9a-f]{40,}"),
    Shape("crates-token", "cio", r"cio[A-Za-z0-9]{32}(?![A-Za-z0-9])", "mixed"),
    Shape("clojars-token", "clojars_", r"(?i)CLOJARS_[a-z0-9]{50,}"),
    Shape("nuget-key", "oy2", r"oy2[a-z0-9]{43}(?![A-Za-z0-9])"),
    Shape("docker-token", "dckr_", r"dckr_[po]at_[\w-]{18,}"),
    Shape("artifactory-key", "akcp cmvmd", r"(?:AKCp[A-Za-z0-9]{60,}|cmVmd[A-Za-z0-9]{55,})"),
    Shape("circleci-token", "ccipat_ ccipra_ ccipri_ ccirt_", r"CCI(?:PAT|PRJ|PRA|PRI|RT)_[\w-]{20,}"),
    Shape("buildkite-token", "bkua_ bkct_ bkaj_", r"bk(?:ua|ct|aj)_[A-Za-z0-9]{30,}"),
    Shape("sonar-token", "sqp_ squ_ sqa_", r"sq[pua]_[0-9a-f]{36,}"),
    Shape("sourcegraph-token", "sgp_", r"sgp_(?:[0-9a-fA-F]{16}_|local_)?[0-9a-fA-F]{36,}"),
    Shape("octopus-key", "api-", r"API-[A-Z0-9]{25,34}(?![A-Za-z0-9])", "mixed"),
    Shape("pulumi-token", "pul-", r"pul-[0-9a-f]{36,}"),
    Shape("terraform-token", "atlasv1", r"[A-Za-z0-9]{12,16}\.atlasv1\.[\w=-]{40,}"),
    Shape("vault-token", "hvs. hvb. hvr.", r"hv[sbr]\.[\w-]{20,}"),
    Shape("vault-token", "s.", r"s\.[A-Za-z0-9]{24}(?![\w.(])", "mixed"),
    Shape("doppler-token", "dp.", r"dp\.(?:pt|st|ct|sa|scim|audit|said)\.[\w.-]{36,}"),
    Shape("infracost-key", "ico-", r"ico-[A-Za-z0-9]{28,}", "mixed"),
    Shape("harness-token", "pat. sat.", r"[ps]at\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}"),
    Shape("openshift-token", "sha256~", r"sha256~[\w-]{40,}"),
    Shape("prefect-key", "pnu_ pnb_", r"pn[ub]_[A-Za-z0-9]{30,}"),
    Shape("databricks-token", "dapi dkea dose", r"(?:dapi|dkea|dose)[0-9a-f]{30,}(?:-\d)?"),
    Shape("tailscale-key", "tskey-", r"tskey-[a-z]+-[\w-]{16,}"),
    Shape("1password-token", "ops_eyj", r"ops_eyJ[\w+/=-]{60,}"),
    Shape("1password-secret-key", "a3-", r"A3-[A-Z0-9]{6}-[A-Z0-9]{6}-?[A-Z0-9]{5}(?:-[A-Z0-9]{5}){3}"),
    # Messages and people
    Shape("slack-token", "xox", r"(?i)xox[a-z](?:\.xox[a-z])?-[\w-]{12,}"),
    Shape("slack-token", "xapp-", r"(?i)xapp-\d-[a-z0-9]+-\d+-[a-z0-9]+"),
    Shape("slack-webhook", "hooks.slack",
          r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/(?P<s>[\w+/-]{20,})"),
    Shape("teams-webhook", "webhookb2 incomingwebhook",
          r"(?i)/IncomingWebhook/(?P<s>[0-9a-z]{20,}/[0-9a-z-]{20,}(?:/[\w-]+)?)"),
    Shape("discord-webhook", "/webhooks/", r"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/(?P<s>\d{10,}/[\w-]{30,})"),
    Shape("discord-token", ".",
          r"[MNO][A-Za-z\d_-]{22,28}\.[\w-]{6,7}\.[\w-]{27,40}(?![\w.])", "mixed"),
    Shape("discord-token", "mfa.", r"mfa\.[\w-]{60,}"),
    Shape("telegram-token", ":", r"(?:bot)?(?P<s>(?<!\d)\d{6,12}:[A-Za-z0-9_-]{34,36})(?![\w-])", "mixed"),
    Shape("twilio-key", "sk", r"SK[0-9a-fA-F]{32}(?![A-Za-z0-9])"),
    Shape("sendgrid-key", "sg.", r"SG\.[\w=-]{14,}\.[\w=-]{30,}"),
    Shape("mailgun-key", "key-", r"(?:pub)?key-[0-9a-f]{32}(?![A-Za-z0-9])"),
    Shape("mailgun-key", "-", r"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![A-Za-z0-9-])"),
    Shape("mailchimp-key", "-us", r"[0-9a-f]{32}-us\d{1,2}(?![A-Za-z0-9])"),
    Shape("sendinblue-key", "xkeysib- xsmtpsib-", r"x(?:key|smtp)sib-[0-9a-f]{50,}-[A-Za-z0-9]{12,}"),
    Shape("resend-key", "re_", r"re_[A-Za-z0-9]{6,10}_[A-Za-z0-9]{20,}", "mixed"),
    Shape("facebook-token", "eaa", r"EAA[A-Za-z0-9]{60,}"),
    Shape("facebook-token", "|", r"\d{15,16}\|[\w-]{27,40}(?![\w-])", "mixed"),
    Shape("linkedin-secret", "wpl_ap1.", r"WPL_AP1\.[\w.+/=-]{12,}"),
    Shape("twitter-bearer-token", "aaaaaaaaaaaaaaaaaaaa", r"A{18,}[A-Za-z0-9%]{40,}"),
    # Money
    Shape("stripe-key", "sk_ rk_", r"[sr]k_(?:test|live|prod)_[A-Za-z0-9]{10,}"),
    Shape("stripe-webhook-secret", "whsec_", r"whsec_[A-Za-z0-9+/=]{20,}"),
    Shape("square-token", "sq0 eaaa", r"(?:EAAA[\w-]{40,}|sq0(?:atp|csp|idp)-[\w-]{20,})"),
    Shape("shopify-token", "shp", r"shp(?:at|ca|pa|ss|ua|tka)_[0-9a-fA-F]{30,}"),
    Shape("paypal-braintree-token", "access_token$",
          r"access_token\$(?:production|sandbox)\$[0-9a-z]{10,}\$[0-9a-f]{30,}"),
    Shape("plaid-token", "access-", r"access-(?:sandbox|development|production)-" + _UUID),
    Shape("flutterwave-key", "flwseck", r"FLWSECK(?:_TEST)?-[A-Za-z0-9]{12,}(?:-X)?"),
    Shape("easypost-key", "ezak eztk", r"EZ[AT]K[A-Za-z0-9]{50,}"),
    Shape("shippo-token", "shippo_", r"shippo_(?:live|test)_[0-9a-fA-F]{36,}"),
    Shape("duffel-token", "duffel_", r"duffel_(?:test|live)_[\w=-]{40,}"),
    # Models
    Shape("anthropic-key", "sk-ant-", r"sk-ant-[\w-]{20,}"),
    Shape("openai-key", "sk- sess-",
          r"(?:sk|sess)-(?:proj-|svcacct-|admin-|None-)?(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9][\w-]{24,}", "mixed"),
    Shape("huggingface-token", "hf_ api_org_", r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    Shape("groq-key", "gsk_", r"gsk_[A-Za-z0-9]{40,}"),
    Shape("perplexity-key", "pplx-", r"pplx-[A-Za-z0-9]{40,}"),
    Shape("replicate-token", "r8_", r"r8_[A-Za-z0-9]{30,}"),
    Shape("xai-key", "xai-", r"xai-[A-Za-z0-9]{60,}"),
    Shape("nvidia-key", "nvapi-", r"nvapi-[\w-]{50,}"),
    Shape("langsmith-key", "lsv2_", r"lsv2_(?:pt|sk)_[0-9a-f]{28,}_[0-9a-f]{8,}"),
    # Watching and planning
    Shape("newrelic-key", "nrak- nrii- nrjs- nrra- nral", r"NR(?:AK|II|JS|RA)-[\w-]{18,}|[0-9a-f]{36}NRAL"),
    Shape("sentry-token", "sntry", r"sntry[su]_[\w+/=-]{40,}"),
    Shape("grafana-token", "glc_ glsa_ eyjrijoi",
          r"(?:glc_[\w+/=-]{32,}|glsa_[A-Za-z0-9]{28,}_[0-9A-Fa-f]{8}|eyJrIjoi[\w+/=-]{40,})"),
    Shape("dynatrace-token", "dt0", r"dt0[a-z]\d\d\.[A-Z0-9]{8,}\.[A-Z0-9]{50,}"),
    Shape("posthog-key", "phx_", r"phx_[A-Za-z0-9]{40,}"),
    Shape("linear-key", "lin_", r"lin_(?:api|oauth|wh)_[A-Za-z0-9]{30,}"),
    Shape("notion-token", "ntn_", r"ntn_[A-Za-z0-9]{36,}"),
    Shape("notion-token", "secret_", r"secret_[A-Za-z0-9]{40,}", "mixed"),
    Shape("airtable-token", "pat", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{50,}"),
    Shape("asana-token", ":", r"\d/\d{12,}(?:/\d{12,})?:[0-9a-f]{32}"),
    Shape("figma-token", "fig", r"fig[duo]r?_[\w-]{36,}"),
    Shape("launchdarkly-key", "sdk- mob- api-", r"(?:sdk|mob|api)-" + _UUID),
    Shape("postman-key", "pmak-", r"PMAK-[0-9a-fA-F]{20,}-[0-9a-fA-F]{30,}"),
    Shape("readme-key", "rdme_", r"rdme_[a-z0-9]{60,}"),
    Shape("typeform-token", "tfp_", r"tfp_[\w.=-]{40,}"),
    Shape("contentful-token", "cfpat-", r"CFPAT-[\w-]{40,}"),
    Shape("trello-token", "atta", r"ATTA[0-9a-fA-F]{60,}"),
    Shape("wakatime-key", "waka_", r"waka_" + _UUID),
    Shape("frameio-token", "fio-u-", r"fio-u-[\w=-]{50,}"),
    Shape("maxmind-key", "_mmk", r"(?<![A-Za-z0-9])[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    Shape("adobe-secret", "p8e-", r"p8e-[A-Za-z0-9_-]{28,}"),
    Shape("dropbox-token", "sl.", r"sl\.(?:u\.)?[\w-]{60,}"),
    Shape("mapbox-token", "pk.eyj sk.eyj tk.eyj", r"[pst]k\.eyJ[\w-]{20,}\.[\w-]{16,}"),
    Shape("firebase-key", ":apa91b", r"[\w-]{7,30}:APA91b[\w-]{60,}"),
    Shape("jwt", "eyj", r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))eyJ[\w-]{8,2000}={0,2}"
          r"(?:\.eyJ[\w-]{8,}={0,2}\.[\w-]*|(?:\.[\w-]*){3}\.[\w-]+)"),
    # Hashes of passwords: what a wordlist turns back
    Shape("password-hash", "$apr1$ $1$ $5$ $6$ $y$ $7$ $gy$",
          r"\$(?:apr1|1|5|6|y|7|gy)\$(?:[\w.,=/-]{1,64}\$)+[./A-Za-z0-9]{20,}"),
    Shape("password-hash", "$2", r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{40,}"),
    Shape("password-hash", "$argon2", r"\$argon2(?:id|i|d)\$[\w=,$+/-]{30,}"),
    Shape("password-hash", "{sha {ssha", r"\{S?SHA(?:256|512)?\}[A-Za-z0-9+/]{20,}={0,2}"),
    Shape("password-hash", "pbkdf2 scrypt",
          r"(?:pbkdf2_sha\d+\$\d+\$[^\s$]+\$|pbkdf2:sha\d+:\d+\$[^\s$]+\$|scrypt:\d+:\d+:\d+\$[^\s$]+\$"
          r")[\w+/=]{20,}"),
)  # fmt: skip
