#!/bin/sh
# Make the secrets that compose.yaml hands to its services, in the folder `secrets`; keep those that exist.
set -eu

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { [ -s "secrets/$1" ] || printf '%s\n' "$2" > "secrets/$1"; }

# Nobody else gets into the folder. The files in it can be read by all, because compose hands a file over as
# it is and the services run under users of their own.
umask 022
mkdir -p secrets
chmod 0700 secrets
keep .gitignore '*'
keep callback_secret "$(random)"
keep person_secret "$(random)"
keep postgres_password "$(random)"
keep database_url "postgresql://mo_gateway:$(cat secrets/postgres_password)@postgres/mo_gateway"
