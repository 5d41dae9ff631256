pool-sim 12040 app_green
