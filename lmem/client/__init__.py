"""The one way to reach the daemon. Never imports daemon, service or stores."""
