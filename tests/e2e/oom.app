pool app_oom
