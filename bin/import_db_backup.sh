#!/bin/sh
# The restore script of former days: its flags, its meaning, its exit code 3; odo start does the work.
# docs/migrating.md says what each flag became.
set -eu

usage() {
  cat <<'END'
Usage: import_db_backup.sh -u S3_BACKUP_URL -v VOLUME -n SERVICE -f COMPOSE_FILE [options] [-- odo's own options]

Restores the newest backup, without questions, with: odo start --yes

  -u URL        where the backups lie: s3://BUCKET/PREFIX
  -e URL        endpoint of the store
  -a KEY        AWS access key  (else AWS_ACCESS_KEY_ID or AWS_ACCESS_KEY, also of .env)
  -s KEY        AWS secret key  (else AWS_SECRET_ACCESS_KEY or AWS_SECRET_KEY, also of .env)
  -r REGION     AWS region
  -v VOLUME     volume that holds the database; its data is replaced
  -V VOLUME     restore into this new volume, and let the service use it; the old one stays
  -n SERVICE    Compose service to stop and start
  -f FILE       Compose file of that service
  -c [FILE]     replace postgresql.auto.conf; without a name by confs/postgresql.auto.conf.
                Exit code 3 when the file is missing
  -o            replace the data in the volume of -v, which is what happens without -V
  -h            show this help

Whatever stands behind -- goes to odo start as it is: odo start --help.
ODO names the program when it is not the odo on PATH.
END
}

refuse() {
  printf 'import_db_backup.sh: %s\n' "$1" >&2
  printf 'hint: %s\n' "${2:-all options are listed by: import_db_backup.sh -h}" >&2
  exit 2
}

# The last value of a name in .env of the working directory, where the script of former days kept its keys.
from_dotenv() {
  [ -f .env ] || return 0
  sed -n "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1=//p" .env | tail -n 1 |
    sed -e 's/[[:space:]]*$//' -e "s/^\"\(.*\)\"\$/\1/" -e "s/^'\(.*\)'\$/\1/"
}

url='' endpoint='' access_key='' secret_key='' region=''
volume='' new_volume='' service='' compose_file=''
replaces=no override='' in_place=no

while [ $# -gt 0 ]; do
  flag=$1
  shift
  case $flag in
    --) break ;;
    -h | --help)
      usage
      exit 0
      ;;
    -o)
      in_place=yes
      continue
      ;;
    -c)
      replaces=yes
      case ${1--} in
        -*) ;;
        *)
          override=$1
          shift
          ;;
      esac
      continue
      ;;
    -[ueasrvVnf]) ;;
    # Not repeated: what follows an unknown flag may be a secret.
    -?) refuse "unknown option $flag" ;;
    *) refuse 'an argument is not understood: each option stands alone, its value behind a space' ;;
  esac
  if [ $# -eq 0 ] || [ -z "$1" ]; then refuse "$flag needs a value"; fi
  case $flag in
    -u) url=$1 ;;
    -e) endpoint=$1 ;;
    -a) access_key=$1 ;;
    -s) secret_key=$1 ;;
    -r) region=$1 ;;
    -v) volume=$1 ;;
    -V) new_volume=$1 ;;
    -n) service=$1 ;;
    -f) compose_file=$1 ;;
  esac
  shift
done

if [ "$in_place" = yes ] && [ -n "$new_volume" ]; then
  refuse '-o replaces the data in the old volume, and -V leaves it: choose one of them'
fi
if [ -n "$override" ] && [ -f "$override" ] && grep -q '^[[:space:]]*\[' "$override"; then
  refuse "$override has sections, so it is no postgresql.auto.conf" \
    "if it is the recovery.conf of pg_backctl, make settings of odo of it: odo config import $override"
fi

# Secrets go by the environment, which no process list shows. A session token belongs to other keys than these.
if [ -n "$access_key$secret_key" ]; then unset AWS_SESSION_TOKEN; fi
access_key=${access_key:-${AWS_ACCESS_KEY_ID:-${AWS_ACCESS_KEY:-$(from_dotenv AWS_ACCESS_KEY)}}}
secret_key=${secret_key:-${AWS_SECRET_ACCESS_KEY:-${AWS_SECRET_KEY:-$(from_dotenv AWS_SECRET_KEY)}}}
if [ -n "$access_key" ]; then export AWS_ACCESS_KEY_ID="$access_key"; fi
if [ -n "$secret_key" ]; then export AWS_SECRET_ACCESS_KEY="$secret_key"; fi

odo=${ODO:-odo}
if ! command -v "$odo" >/dev/null; then
  printf 'import_db_backup.sh: there is no %s\n' "$odo" >&2
  printf 'hint: install odo, or name the program: ODO=/path/to/odo\n' >&2
  exit 127
fi

# In front of what stands behind --, so that the last word is the caller's.
if [ "$replaces" = yes ]; then set -- -c ${override:+"$override"} "$@"; fi
if [ -n "$compose_file" ]; then set -- -f "$compose_file" "$@"; fi
if [ -n "$service" ]; then set -- -n "$service" "$@"; fi
if [ -n "$new_volume" ]; then set -- -V "$new_volume" "$@"; fi
if [ -n "$volume" ]; then set -- -v "$volume" "$@"; fi
if [ -n "$region" ]; then set -- -r "$region" "$@"; fi
if [ -n "$endpoint" ]; then set -- -e "$endpoint" "$@"; fi
if [ -n "$url" ]; then set -- -u "$url" "$@"; fi
exec "$odo" start --yes "$@"
