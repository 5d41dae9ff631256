none 11020 app_legacy
