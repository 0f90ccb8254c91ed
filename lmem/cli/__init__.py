"""The terminal's front end: parse, ask, print. Never imports daemon, service or stores."""
