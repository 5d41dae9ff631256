pool app_context
