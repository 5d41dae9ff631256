pool 13000 app_context
