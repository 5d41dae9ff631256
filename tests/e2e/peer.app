pool 11020 app_peer
