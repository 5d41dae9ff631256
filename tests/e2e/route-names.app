none 11020 app_names
