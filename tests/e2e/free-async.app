pool 11020 app_free_async
