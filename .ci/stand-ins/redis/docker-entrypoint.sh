#!/bin/sh
# What the official image's entry point does, as far as docker-compose.yml asks for it: the server, as the user redis.
set -eu
if [ "$(id -u)" = 0 ]; then
    chown redis: /data
    exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
fi
exec "$@"
