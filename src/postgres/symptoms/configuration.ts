import type { Symptom } from './symptom.ts';

/** What the source's configuration brought along, and who may connect. */
export const configurationSymptoms = [
  {
    id: 'configuration-missing',
    says: 'could not access the server configuration file "…"',
    pattern: /could not access the server configuration file/,
    cause:
      'There is no postgresql.conf in the data directory: the source kept it elsewhere (Debian, Bitnami).',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Put a postgresql.conf into the data directory, or start the server with -c config_file=….',
  },
  {
    id: 'hba-unreadable',
    says: 'could not load pg_hba.conf (13 to 15) / could not load /…/pg_hba.conf (16 and later)',
    pattern: /could not load \S*pg_hba\S*/,
    cause: 'pg_hba.conf is missing or has an error.',
    consequence: 'The server does not start; nothing was changed.',
    advice:
      'Write a pg_hba.conf into the data directory, or point hba_file to one; the line before names the error.',
  },
  {
    id: 'included-file-missing',
    says: 'could not open configuration file "…custom.conf"',
    pattern: /could not open (?:configuration file|configuration directory) "/,
    cause:
      'postgresql.conf includes a file that is not here; operators and images write such files beside it.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Remove the include, or write it as include_if_exists.',
    answers: 'what-is-misconfigured',
  },
  {
    id: 'setting-unknown',
    says: 'unrecognized configuration parameter "…"',
    pattern: /unrecognized configuration parameter "/,
    cause: 'The configuration names a setting of another major, or of a library that is not installed here.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Comment it out, or use an image with that library.',
    answers: 'what-is-misconfigured',
  },
  {
    id: 'setting-value-invalid',
    says: 'invalid value for parameter "lc_messages" / "log_timezone" …',
    pattern: /invalid value for parameter "(?:lc_\w+|log_timezone|timezone|TimeZone)"/,
    cause: 'A locale or time zone of the source does not exist where the server runs.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Set lc_messages to C and log_timezone to UTC, or use an image that has them.',
    answers: 'what-is-misconfigured',
  },
  {
    id: 'configuration-errors',
    says: 'configuration file "…" contains errors',
    pattern: /configuration file "[^"]*" contains errors/,
    cause: 'postgresql.conf, postgresql.auto.conf or a file that they include has an error.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Correct what the lines before it name, file and line.',
    asks: 'what-is-misconfigured',
  },
  {
    id: 'library-missing',
    says: 'could not access file "…": No such file or directory',
    pattern:
      /could not access file "(?!pg_)[^"]+": No such file or directory|could not access file "pg_[a-z0-9_]+": No such file or directory/,
    cause: 'A library in shared_preload_libraries is not installed where the server runs.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Use an image with that extension, or take it out of shared_preload_libraries.',
  },
  {
    id: 'certificate-missing',
    says: 'could not load server certificate file "…" / private key file "…" has group or world access',
    pattern:
      /could not load (?:server certificate|private key|root certificate) file|could not access private key file|private key file "[^"]*" (?:has group or world access|must be owned)/,
    cause: 'TLS is on, with certificate files that are not here or not safe.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Set ssl to off, or provide the files, the key with mode 0600.',
  },
  {
    id: 'recovery-conf',
    says: 'using recovery command file "recovery.conf" is not supported',
    pattern: /using recovery command file "recovery\.conf" is not supported/,
    cause: 'A recovery.conf of PostgreSQL 11 or older lies in the data directory.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Remove it; recovery is requested with recovery.signal.',
  },
  {
    id: 'archive-command-failing',
    says: 'archive command failed with exit code 127',
    pattern:
      /archive command failed with exit code \d+|archiving write-ahead log file "[^"]*" failed too many times/,
    cause: 'The archive_command of the source was inherited, and its program is not here.',
    consequence:
      'WAL piles up in pg_wal until the disk is full. If it did work, a copy would write into the source’s archive.',
    advice:
      'Correct archive_command to an archive of this server’s own, or set archive_mode to off and restart.',
    goesOn: true,
  },
  {
    id: 'synchronous-standby-absent',
    says: '(commits hang) canceling wait for synchronous replication',
    pattern: /canceling (?:the )?wait for synchronous replication/,
    cause: 'synchronous_standby_names of the source was inherited, and no such standby is connected.',
    consequence: 'Every commit waits for ever, without a line in the log.',
    advice: 'Set synchronous_standby_names to an empty string and reload.',
    goesOn: true,
  },
  {
    id: 'superuser-has-another-name',
    says: 'role "postgres" does not exist',
    pattern: /role "[^"]*" does not exist/,
    cause:
      'The cluster was made with another superuser (POSTGRES_USER, initdb -U), or the role was never created.',
    consequence: 'The database is fine; only this role cannot connect.',
    advice: 'Name the superuser of the source in the service’s environment (POSTGRES_USER).',
  },
  {
    id: 'login-refused',
    says: 'Peer authentication failed … / password authentication failed … / no pg_hba.conf entry for …',
    pattern: /(?:Peer|password|Ident|SCRAM\S*) authentication failed for user|no pg_hba\.conf entry for/,
    cause: 'Roles, passwords and pg_hba.conf are those of the source, at the moment that was restored.',
    consequence: 'The database is fine; who connects must use what held then.',
    advice: 'Use the password of that time, or change it as superuser over the socket.',
  },
  {
    id: 'log-is-translated',
    says: 'FEHLER: / ERREUR: / ОШИБКА: / 致命错误: …',
    pattern:
      /(?:^|\s)(?:FEHLER|ERREUR|FATALE|ERRORE|ERRO|LOGG|FATALT|FEL|BŁĄD|KATASTROFALNY|DZIENNIK|ХАТА|ВАЖНО|ОШИБКА|СООБЩЕНИЕ|ПАНИКА|ПОМИЛКА|ФАТАЛЬНО|ЗАПИСУВАННЯ|日志|错误|致命错误|ログ|エラー|로그|오류|치명적오류|ÖLÜMCÜL|HATA): /,
    cause:
      'The server writes its messages in another language (lc_messages of the source), which odo does not read.',
    consequence: 'odo cannot say what they mean.',
    advice: 'Set lc_messages to C, start again and look at the log.',
  },
] as const satisfies readonly Symptom[];
