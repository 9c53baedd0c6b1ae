"""An inventory against what somebody will not have it exceed: for cron and CI."""
