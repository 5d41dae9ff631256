pool-sim 11020 app_fence where-used
