pool 11020 app_dlvsym
