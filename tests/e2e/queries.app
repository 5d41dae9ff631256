pool app_queries
