pool-sim 11080 app_peer forbidden
