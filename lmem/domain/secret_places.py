"""Secrets by the place they stand in: URLs, headers, command lines, password files.

Not by the look of the secret itself (lmem.domain.secret_shapes), which may be any word somebody chose. Unlike those, a
place may reach over several words, so that hints are looked for in the whole text, and the pattern around them.
"""

from __future__ import annotations

from lmem.domain.secret_shapes import Shape

URL_PASSWORD = "url-password"
"""Its finding is named after the URL's scheme, as postgres-password."""

PLACES: tuple[Shape, ...] = (
    Shape("gcp-private-key-id", "private_key_id", r"private_key_id\\?[\"']\s*:\s*\\?[\"'](?P<s>[0-9a-f]{20,})"),
    Shape("okta-token", "ssws okta",
          r"(?i)(?:SSWS\s+|okta[\w .\"'-]{0,30}[=:]\s*[\"']?)(?P<s>00[\w-]{38,42})(?![\w-])"),
    Shape(URL_PASSWORD, "://", r"://[^\s:/?#@\"'<>`]{0,100}:(?P<s>[^\s\"'<>`/]{2,200})@(?=[\w.\[-])", "given"),
    Shape(URL_PASSWORD, "://", r"://[^\s:/?#@\"'<>`]{0,100}:(?!\d{1,5}/)(?P<s>[^\s\"'<>`@]{2,200})@(?=[\w.-]+(?::\d+)?[/?\s])",
          "given"),
    Shape("url-token", "://", r"://(?P<s>[\w.~%-]{20,200})(?::[\w-]{0,20})?@(?=[\w.\[-])", "mixed"),
    Shape("presigned-url", "x-amz- x-goog-",
          r"(?i)X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)=(?P<s>[\w%/+=.-]{16,})"),
    Shape("basic-auth", "basic", r"(?i)basic[ \t]+(?P<s>[A-Za-z0-9+/_-]{8,}={0,2})", "basic"),
    Shape("bearer-token", "bearer", r"(?i)bearer[ \t:=\"']+(?P<s>[\w.~+/=|:-]{14,})", "mixed"),
    Shape("authorization-header", "authorization",
          r"(?i)authorization\W{1,6}(?:[a-z-]{2,12}[ =]+)?[\"']?(?P<s>[\w.~+/=|:-]{14,})", "mixed"),
    Shape("command-line-password", "_-u --user --proxy-user",
          r"(?:\s-u|--(?:proxy-)?user)[ =]*[\"']?[^\s:\"'/]{1,100}:(?P<s>[^\s\"']{3,})", "given"),
    Shape("command-line-password", "_-p _-a",
          r"\b(?:mysql\w*|mariadb\w*|sshpass|redis-cli|docker|podman|helm|mongo\w*)\b[^\n]{0,200}?\s-[pa]\s?[\"']?(?P<s>[^\s\"'-][^\s\"']{5,})",
          "fair"),
    Shape("command-line-password", "-stdin sudo",
          r"(?:echo|printf)\s+(?:-n\s+)?[\"']?(?P<s>[^\s\"'|$]{6,})[\"']?"
          r"\s*\|[^\n|]{0,100}(?:-stdin\b|sudo -S)", "given"),
    Shape("command-line-password", "htpasswd",
          r"\bhtpasswd\s+-\w*b\w*\s+\S+\s+\S+\s+[\"']?(?P<s>[^\s\"']{4,})", "given"),
    Shape("command-line-token", "login", r"\blogin\s+(?P<s>[^\s\"'<>$-][^\s\"'<>]{14,})", "mixed"),
    Shape("oracle-password", "jdbc:oracle sqlplus",
          r"(?:jdbc:oracle:\w+:|sqlplus\s+(?:-\w+\s+)*)[\w.]{1,40}/(?P<s>[^\s\"'@/]{3,})@", "given"),
    Shape("user-password", "admin root login",
          r"(?i)\b(?:admin|root|user|login|superuser|administrator)[\"'`]?"
          r"[ \t]*[:/][ \t]*[\"'`]?(?P<s>[^\s\"'`@]{8,60})(?!@)", "wild"),
    Shape("sql-password", "identified",
          r"(?i)identified\s+(?:with\s+\S+\s+)?by\s+[\"'](?P<s>[^\"'\n]{4,})[\"']", "given"),
    Shape("netrc-password", "login",
          r"(?i)\blogin\s+\S{1,200}\s+(?:account\s+\S+\s+)?password\s+(?P<s>[^\s\"']{3,})", "given"),
    Shape("pgpass-password", "pgpass :54 :64 :*:",
          r"(?<![^\s\"'`])[\w.*-]{1,100}:(?:\d{4,5}|\*):[^\s:/]{1,60}:[^\s:/]{1,60}:"
          r"(?P<s>(?:[^\s:\\\"'`]|\\.){4,})", "given"),
)  # fmt: skip
