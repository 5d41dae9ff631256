pool-sim 11020 app_free_async memory
