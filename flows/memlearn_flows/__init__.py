"""Prefect flows of memlearn's jobs: thin, without domain logic. The package itself runs without Prefect."""

import os

# For the embedded server only; a server that `PREFECT_API_URL` names has its own settings. It sends nothing out, and
# its first start on a small machine takes longer than Prefect waits by default.
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
