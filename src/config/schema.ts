import { z } from 'zod';
import * as values from './values.ts';

/** Headings of `--help`, in its order. */
export const groups = {
  source: 'Where the backups are:',
  target: 'Where to restore:',
  recovery: 'How far to recover:',
  service: 'What runs PostgreSQL there:',
  how: 'How to restore:',
  drill: 'What a drill proves and measures:',
  backup: 'How to take a backup:',
  evidence: 'What is left behind about the run:',
  odo: 'odo itself:',
} as const;

/** Where a setting may come from, strongest first; `database` is one entry of `databases` in odo.yaml. */
export const layers = ['flag', 'environment', 'dotenv', 'database', 'file'] as const;
export type Layer = (typeof layers)[number];

export interface Setting<Value extends z.ZodType = z.ZodType, Default = string | number | boolean | null> {
  readonly group: keyof typeof groups;
  /** `-u`; the long flag is the key in kebab case. */
  readonly short?: string;
  /** As in a usage line: `<url>`, `[file]`; absent for a switch. */
  readonly argument?: string;
  /** Of a switch that is on by default: what `--no-…` does. */
  readonly negatable?: string;
  /** Environment variables, strongest first. */
  readonly env: readonly string[];
  /** Where it may be set; everywhere when absent. */
  readonly from?: readonly Layer[];
  readonly description: string;
  readonly default: Default;
  /** What the docs say when the default is worked out at run time. */
  readonly defaultText?: string;
  readonly value: Value;
  /** Of a number: what it counts, when that is bytes. */
  readonly unit?: 'bytes' | 'bytes/s';
  /** Resolved against the working directory, or the directory of odo.yaml when it stands there. */
  readonly isPath?: true;
  /** May be given in words (`10 minutes ago`), which are worked out when settings are loaded and said back. */
  readonly isTime?: true;
  /** The flag may be given several times; its values come as a list. */
  readonly repeats?: true;
  /** Never shown, stored or taken from odo.yaml. */
  readonly secret?: true;
}

const setting = <Value extends z.ZodType, const Default extends string | number | boolean | null>(
  one: Setting<Value, Default>,
): Setting<Value, Default> => one;

const notInFiles = ['flag', 'environment'] as const;
/** A secret in a flag is in every process list. */
const notInFlagsOrYaml = ['environment', 'dotenv'] as const;
const notInYaml = ['flag', 'environment', 'dotenv'] as const;
/** One for all databases that are drilled together. */
const notOfOneDatabase = ['flag', 'environment', 'dotenv', 'file'] as const;

/**
 * Every setting of odo. `--help`, docs/cli.md, docs/configuration.md and the JSON Schema of odo.yaml come from
 * this table; nothing else lists settings.
 */
export const settings = {
  url: setting({
    group: 'source',
    short: '-u',
    argument: '<url>',
    env: ['ODO_URL', 'S3_BACKUP_URL'],
    description: `where the backups lie: ${values.addressForms.join(', ')}`,
    default: null,
    value: values.backupUrl,
  }),
  backupPath: setting({
    group: 'source',
    env: ['ODO_BACKUP_PATH', 'S3_BACKUP_PATH'],
    from: notInFlagsOrYaml,
    description: 'path below the address of the backups, where they lie',
    default: null,
    value: values.text,
  }),
  searchPrefix: setting({
    group: 'source',
    env: ['ODO_SEARCH_PREFIX', 'S3_SEARCH_PREFIX'],
    from: notInFlagsOrYaml,
    description: 'path below that one: backups are looked for only there',
    default: null,
    value: values.text,
  }),
  endpoint: setting({
    group: 'source',
    short: '-e',
    argument: '<url>',
    env: ['ODO_ENDPOINT', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL', 'S3_ENDPOINT'],
    description: 'endpoint of the store, when it is not the one of AWS, Azure or Google',
    default: null,
    value: values.endpoint,
  }),
  accessKey: setting({
    group: 'source',
    short: '-a',
    argument: '<key>',
    env: ['AWS_ACCESS_KEY_ID'],
    from: notInYaml,
    description: 'S3 access key id',
    default: null,
    value: values.text,
    secret: true,
  }),
  secretKey: setting({
    group: 'source',
    short: '-s',
    argument: '<key>',
    env: ['AWS_SECRET_ACCESS_KEY'],
    from: notInYaml,
    description: 'S3 secret access key; better in the environment or .env, where no process list shows it',
    default: null,
    value: values.text,
    secret: true,
  }),
  sessionToken: setting({
    group: 'source',
    argument: '<token>',
    env: ['AWS_SESSION_TOKEN'],
    from: notInYaml,
    description: 'S3 session token of temporary credentials',
    default: null,
    value: values.text,
    secret: true,
  }),
  region: setting({
    group: 'source',
    short: '-r',
    argument: '<region>',
    env: ['ODO_REGION', 'AWS_REGION', 'AWS_DEFAULT_REGION'],
    description: 'S3 region',
    default: null,
    value: values.text,
  }),
  azureConnectionString: setting({
    group: 'source',
    env: ['AZURE_STORAGE_CONNECTION_STRING'],
    from: notInFlagsOrYaml,
    description: 'connection string of the Azure storage account',
    default: null,
    value: values.text,
    secret: true,
  }),
  azureAccount: setting({
    group: 'source',
    env: ['AZURE_STORAGE_ACCOUNT'],
    from: notInFlagsOrYaml,
    description: 'the Azure storage account that the key belongs to, as a check',
    default: null,
    value: values.text,
  }),
  azureKey: setting({
    group: 'source',
    env: ['AZURE_STORAGE_KEY'],
    from: notInFlagsOrYaml,
    description: 'key of the Azure storage account',
    default: null,
    value: values.text,
    secret: true,
  }),
  azureSasToken: setting({
    group: 'source',
    env: ['AZURE_STORAGE_SAS_TOKEN'],
    from: notInFlagsOrYaml,
    description: 'SAS token for the Azure container',
    default: null,
    value: values.text,
    secret: true,
  }),
  googleCredentials: setting({
    group: 'source',
    env: ['GOOGLE_APPLICATION_CREDENTIALS'],
    from: notInFlagsOrYaml,
    description: 'file with the credentials for gs://: a service account, an external account …',
    default: null,
    defaultText: 'what this machine has, else none',
    value: values.path,
    isPath: true,
  }),
  storageEmulatorHost: setting({
    group: 'source',
    env: ['STORAGE_EMULATOR_HOST'],
    from: notInFlagsOrYaml,
    description: 'endpoint of gs:// without --endpoint, used without credentials',
    default: null,
    value: values.text,
  }),
  httpUser: setting({
    group: 'source',
    env: ['ODO_HTTP_USER'],
    from: notInFlagsOrYaml,
    description: 'user for basic authentication at http:// and https://',
    default: null,
    value: values.text,
  }),
  httpPassword: setting({
    group: 'source',
    env: ['ODO_HTTP_PASSWORD'],
    from: notInFlagsOrYaml,
    description: 'password of that user',
    default: null,
    value: values.text,
    secret: true,
  }),
  sshKey: setting({
    group: 'source',
    argument: '<file>',
    env: ['ODO_SSH_KEY'],
    description: 'private key for sftp://',
    default: null,
    defaultText: 'the agent, then id_ed25519, id_ecdsa and id_rsa in ~/.ssh',
    value: values.path,
    isPath: true,
  }),
  sshKnownHosts: setting({
    group: 'source',
    argument: '<file>',
    env: ['ODO_SSH_KNOWN_HOSTS'],
    description: 'file with the keys of SSH servers, beside ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts',
    default: null,
    value: values.path,
    isPath: true,
  }),
  sshKeyPassphrase: setting({
    group: 'source',
    env: ['ODO_SSH_KEY_PASSPHRASE'],
    from: notInFlagsOrYaml,
    description: 'passphrase of the private key',
    default: null,
    value: values.text,
    secret: true,
  }),
  sshPassword: setting({
    group: 'source',
    env: ['ODO_SSH_PASSWORD'],
    from: notInFlagsOrYaml,
    description: 'password for sftp://, tried after all keys',
    default: null,
    value: values.text,
    secret: true,
  }),
  sshAgent: setting({
    group: 'source',
    env: ['SSH_AUTH_SOCK'],
    from: notInFlagsOrYaml,
    description: 'socket of the SSH agent',
    default: null,
    value: values.path,
  }),
  backup: setting({
    group: 'source',
    argument: '<backup>',
    env: ['ODO_BACKUP'],
    description: 'which base backup: latest, a backup id or a backup name (odo backups lists them)',
    default: 'latest',
    value: values.text,
  }),
  before: setting({
    group: 'source',
    argument: '<time>',
    env: ['ODO_BEFORE'],
    description: 'only a base backup that had finished before this time: with latest the newest of them',
    default: null,
    value: values.instant,
    isTime: true,
  }),
  walUrl: setting({
    group: 'source',
    argument: '<url>',
    env: ['ODO_WAL_URL'],
    description:
      'where the WAL archive of a pg_basebackup lies: segments in one folder, or an archive of barman-cloud or WAL-G',
    default: null,
    defaultText: 'the WAL is inside the backup',
    value: values.backupUrl,
  }),
  server: setting({
    group: 'source',
    argument: '<name>',
    env: ['ODO_SERVER'],
    description: 'folder of a server (barman-cloud) or cluster (WAL-G) below the URL, when it holds several',
    default: null,
    value: values.text,
  }),

  volume: setting({
    group: 'target',
    short: '-v',
    argument: '<volume>',
    env: ['ODO_VOLUME'],
    description: 'restore into this volume; data in it is removed first, after you agreed',
    default: null,
    value: values.volumeName,
  }),
  newVolume: setting({
    group: 'target',
    short: '-V',
    argument: '<volume>',
    env: ['ODO_NEW_VOLUME'],
    description:
      'create this volume, restore into it, and let the service use it at the end; the old one stays',
    default: null,
    value: values.volumeName,
  }),
  dataDir: setting({
    group: 'target',
    argument: '<dir>',
    env: ['ODO_DATA_DIR'],
    description: 'restore into this directory; data in it is removed first, after you agreed',
    default: null,
    value: values.path,
    isPath: true,
  }),
  prepareVolume: setting({
    group: 'target',
    argument: '<dir>',
    env: ['ODO_PREPARE_VOLUME'],
    description:
      'in a container: restore into the volume that is mounted at this directory, for the official image of PostgreSQL, which recovers by itself (as --prepare-only); data in it is removed first, after you agreed',
    default: null,
    value: values.path,
    isPath: true,
  }),
  replaceSystemId: setting({
    group: 'target',
    argument: '<identifier>',
    env: ['ODO_REPLACE_SYSTEM_ID'],
    from: notInFiles,
    description:
      'system identifier of another database than the backup’s that is in the target and may be removed; without it only an earlier or later state of the same database is',
    default: null,
    value: values.systemIdentifier,
  }),
  tablespace: setting({
    group: 'target',
    argument: '<old=new>',
    env: ['ODO_TABLESPACE'],
    description:
      'restore the tablespace OLD (its name, oid or former path) into the directory NEW as the server sees it; may be given several times',
    default: null,
    defaultText: 'inside the data directory',
    value: values.tablespaceChoices,
    repeats: true,
  }),
  volumeAccess: setting({
    group: 'target',
    argument: '<way>',
    env: ['ODO_VOLUME_ACCESS'],
    description:
      'how to write a volume: direct (its mount point), engine (through the container engine) or auto',
    default: 'auto',
    value: z.enum(['auto', 'direct', 'engine']).meta({ description: 'auto, direct or engine' }),
  }),
  owner: setting({
    group: 'target',
    argument: '<uid:gid>',
    env: ['ODO_OWNER'],
    description:
      'owner of the restored files; auto: of the data that is replaced, else the postgres of the server',
    default: 'auto',
    value: values.owner,
  }),
  reserve: setting({
    group: 'target',
    argument: '<size>',
    env: ['ODO_RESERVE'],
    description: 'space to keep free on the target after the restore',
    default: '1GiB',
    value: values.size(0),
    unit: 'bytes',
  }),

  targetTime: setting({
    group: 'recovery',
    argument: '<time>',
    env: ['ODO_TARGET_TIME'],
    description: 'recover up to this time: the last transaction that is kept ended at it or before it',
    default: null,
    defaultText: 'the end of the WAL',
    value: values.instant,
    isTime: true,
  }),
  targetLsn: setting({
    group: 'recovery',
    argument: '<lsn>',
    env: ['ODO_TARGET_LSN'],
    description: 'recover up to this position in the WAL',
    default: null,
    value: values.lsn,
  }),
  targetXid: setting({
    group: 'recovery',
    argument: '<xid>',
    env: ['ODO_TARGET_XID'],
    description: 'recover up to the end of this transaction',
    default: null,
    value: values.xid,
  }),
  targetName: setting({
    group: 'recovery',
    argument: '<name>',
    env: ['ODO_TARGET_NAME'],
    description: 'recover up to this restore point (pg_create_restore_point)',
    default: null,
    value: values.restorePoint,
  }),
  targetImmediate: setting({
    group: 'recovery',
    env: ['ODO_TARGET_IMMEDIATE'],
    description: 'recover only as far as the database is consistent: the end of the base backup',
    default: false,
    value: values.yesOrNo,
  }),
  targetInclusive: setting({
    group: 'recovery',
    negatable: 'stop in front of the target (time, LSN or transaction) and leave it out',
    env: ['ODO_TARGET_INCLUSIVE'],
    description: 'what is at the target (time, LSN or transaction) is still recovered',
    default: true,
    value: values.yesOrNo,
  }),
  targetTimeline: setting({
    group: 'recovery',
    argument: '<timeline>',
    env: ['ODO_TARGET_TIMELINE'],
    description:
      'timeline to follow: latest (the newest that descends from the backup, on the branch of the newest backup), current (the backup’s own) or a number',
    default: 'latest',
    value: values.timeline,
  }),
  targetAction: setting({
    group: 'recovery',
    argument: '<action>',
    env: ['ODO_TARGET_ACTION'],
    description:
      'what happens at the target: promote, pause (the server stays and answers read-only queries) or shutdown; after the last two: odo promote, or odo resume with a later target',
    default: 'promote',
    value: z.enum(['promote', 'pause', 'shutdown']).meta({ description: 'promote, pause or shutdown' }),
  }),
  standby: setting({
    group: 'recovery',
    env: ['ODO_STANDBY'],
    description: 'let the restored database follow a primary (--primary-conninfo) instead of promoting it',
    default: false,
    value: values.yesOrNo,
  }),
  primaryConninfo: setting({
    group: 'recovery',
    argument: '<conninfo>',
    env: ['ODO_PRIMARY_CONNINFO'],
    description: 'how a standby reaches its primary, without a password: host=db1 user=replicator',
    default: null,
    value: values.text,
  }),
  primaryPassword: setting({
    group: 'recovery',
    env: ['ODO_PRIMARY_PASSWORD'],
    from: notInFlagsOrYaml,
    description: 'password of a standby at its primary',
    default: null,
    value: values.text,
    secret: true,
  }),
  primarySlot: setting({
    group: 'recovery',
    argument: '<name>',
    env: ['ODO_PRIMARY_SLOT'],
    description: 'replication slot on the primary that keeps WAL for the standby',
    default: null,
    value: values.slotName,
  }),
  walCheck: setting({
    group: 'recovery',
    argument: '<extent>',
    env: ['ODO_WAL_CHECK'],
    description:
      'how much of the WAL is read before anything is touched: records (all of it, up to the target) or ends (the beginning of each segment, and the last ones)',
    default: 'records',
    value: z.enum(['records', 'ends']).meta({ description: 'records or ends' }),
  }),
  walSpoolSize: setting({
    group: 'recovery',
    argument: '<size>',
    env: ['ODO_WAL_SPOOL_SIZE'],
    description: 'most WAL that waits on the target for its replay; it is fetched ahead and removed behind',
    default: '1GiB',
    value: values.size(32 * 1024 ** 2),
    unit: 'bytes',
  }),

  service: setting({
    group: 'service',
    short: '-n',
    argument: '<service>',
    env: ['ODO_SERVICE'],
    description: 'Compose service that runs the database; a restore stops it before and starts it after',
    default: null,
    value: values.text,
  }),
  composeFile: setting({
    group: 'service',
    short: '-f',
    argument: '<file>',
    env: ['ODO_COMPOSE_FILE'],
    description: 'Compose file of that service',
    default: null,
    defaultText: 'compose.yaml or docker-compose.yml in the working directory',
    value: values.path,
    isPath: true,
  }),
  project: setting({
    group: 'service',
    argument: '<name>',
    env: ['ODO_PROJECT'],
    description: 'Compose project name, when it is not what Compose works out itself',
    default: null,
    value: values.text,
  }),
  container: setting({
    group: 'service',
    argument: '<name>',
    env: ['ODO_CONTAINER'],
    description: 'container that runs the database; a restore stops it before and starts it after',
    default: null,
    value: values.text,
  }),
  local: setting({
    group: 'service',
    env: ['ODO_LOCAL'],
    description:
      'the server of this host; a restore stops it before, works on --data-dir, and starts it after',
    default: false,
    value: values.yesOrNo,
  }),
  pgBin: setting({
    group: 'service',
    argument: '<dir>',
    env: ['ODO_PG_BIN'],
    description: "directory with postgres, psql and pg_controldata of the backup's major",
    default: null,
    defaultText: 'looked for on this host',
    value: values.path,
    isPath: true,
  }),
  image: setting({
    group: 'service',
    argument: '<ref>',
    env: ['ODO_IMAGE'],
    description: 'image to recover with, when no service names one',
    default: null,
    defaultText: 'postgres:MAJOR of the backup, where a container is needed',
    value: values.text,
  }),

  override: setting({
    group: 'how',
    short: '-c',
    argument: '[file]',
    env: ['ODO_OVERRIDE'],
    description: 'replace postgresql.auto.conf by this file; without a name, by confs/postgresql.auto.conf',
    default: null,
    value: values.fileOrYes,
    isPath: true,
  }),
  keepConfig: setting({
    group: 'how',
    env: ['ODO_KEEP_CONFIG'],
    description:
      'leave the configuration as the backup has it: do not edit what belongs to the source (archive, certificates, paths, libraries), and do not prove that the server starts with it',
    default: false,
    value: values.yesOrNo,
  }),
  prepareOnly: setting({
    group: 'how',
    env: ['ODO_PREPARE_ONLY'],
    description:
      'lay everything down for a server that odo does not run, and which recovers by itself when it is started; odo then starts and proves nothing',
    default: false,
    value: values.yesOrNo,
  }),
  promote: setting({
    group: 'how',
    negatable: 'stop when the database is consistent, and wait for: odo promote RUN-ID',
    env: ['ODO_PROMOTE'],
    description: 'promote when the database is consistent; otherwise wait for: odo promote RUN-ID',
    default: true,
    value: values.yesOrNo,
  }),
  jobs: setting({
    group: 'how',
    argument: '<n>',
    env: ['ODO_JOBS'],
    description: 'archives, WAL segments and decoding threads at the same time; auto: by the cores, 2 to 16',
    default: 'auto',
    value: values.autoOrWholeNumber(1, 64),
  }),
  checkpointSize: setting({
    group: 'how',
    argument: '<size>',
    env: ['ODO_CHECKPOINT_SIZE'],
    description: 'output between two checkpoints: at most this much is done twice after a kill',
    default: '256MiB',
    value: values.size(1024 ** 2),
    unit: 'bytes',
  }),
  maxRate: setting({
    group: 'how',
    argument: '<size>/s',
    env: ['ODO_MAX_RATE'],
    description: 'read at most this much a second from the store, everything together',
    default: null,
    defaultText: 'unlimited',
    value: values.rate(64 * 1024),
    unit: 'bytes/s',
  }),
  background: setting({
    group: 'how',
    env: ['ODO_BACKGROUND'],
    description:
      'leave CPU and disk to others first: threads that read, decode and write get the weakest priority',
    default: false,
    value: values.yesOrNo,
  }),
  memory: setting({
    group: 'how',
    argument: '<size>',
    env: ['ODO_MEMORY'],
    description: 'memory for the buffers of reading, decoding and writing',
    default: null,
    defaultText: 'a quarter of what there is, 64MiB to 256MiB',
    value: values.size(16 * 1024 ** 2),
    unit: 'bytes',
  }),
  sync: setting({
    group: 'how',
    negatable:
      'do not wait until files are on disk, for tests and throw-away restores: a power cut may damage them',
    env: ['ODO_SYNC'],
    description:
      'wait until files are on disk before the journal says so; otherwise a power cut may damage them',
    default: true,
    value: values.yesOrNo,
  }),
  pageChecksums: setting({
    group: 'how',
    argument: '[how]',
    env: ['ODO_PAGE_CHECKSUMS'],
    description:
      'check the page checksums of the cluster; stream (also without a word): by odo, while the files stream, and what was wrong then again after recovery; server: by pg_checksums, after recovery; auto: as stream, if the cluster has checksums; off',
    default: null,
    defaultText: 'off; auto in a drill',
    value: values.pageCheck,
  }),
  publishIndex: setting({
    group: 'how',
    env: ['ODO_PUBLISH_INDEX'],
    description:
      'store the seek index of each archive beside the backup, so that other hosts decode it in parallel; needs the right to write there',
    default: false,
    value: values.yesOrNo,
  }),
  yes: setting({
    group: 'how',
    env: ['ODO_YES'],
    from: notInFiles,
    description: 'agree beforehand to everything the plan removes (see it with: odo plan)',
    default: false,
    value: values.yesOrNo,
  }),

  drillDir: setting({
    group: 'drill',
    argument: '<dir>',
    env: ['ODO_DRILL_DIR'],
    description: 'restore into a temporary directory below this one, with the PostgreSQL of this host',
    default: null,
    defaultText: 'a temporary volume; with --data-dir or --local a directory beside the data directory',
    value: values.path,
    isPath: true,
  }),
  keep: setting({
    group: 'drill',
    env: ['ODO_KEEP'],
    description: 'leave the temporary database up, to look into it; odo abandon RUN-ID removes it',
    default: false,
    value: values.yesOrNo,
  }),
  port: setting({
    group: 'drill',
    argument: '<port>',
    env: ['ODO_PORT'],
    description: 'where the temporary database listens on 127.0.0.1: a port, or auto for any free one',
    default: null,
    defaultText: 'nowhere; it has no network',
    value: values.autoOrWholeNumber(1, 65_535),
  }),
  amcheck: setting({
    group: 'drill',
    argument: '<extent>',
    env: ['ODO_AMCHECK'],
    description:
      'check tables and indexes with pg_amcheck: off, tables (their structure, and the order of indexes) or heapallindexed (also that each row is in its indexes)',
    default: 'heapallindexed',
    value: z.enum(['off', 'tables', 'heapallindexed']).meta({ description: 'off, tables or heapallindexed' }),
  }),
  dump: setting({
    group: 'drill',
    env: ['ODO_DUMP'],
    description: 'read every row of every table, with pg_dump to nothing',
    default: false,
    value: values.yesOrNo,
  }),
  maxRto: setting({
    group: 'drill',
    argument: '<duration>',
    env: ['ODO_MAX_RTO'],
    description: 'longest that it may take until the database answers; a drill above it fails',
    default: null,
    defaultText: 'no limit',
    value: values.duration,
  }),
  maxRpo: setting({
    group: 'drill',
    argument: '<duration>',
    env: ['ODO_MAX_RPO'],
    description: 'greatest age that the last recovered commit may have; a drill above it fails',
    default: null,
    defaultText: 'no limit',
    value: values.duration,
  }),
  maxRegression: setting({
    group: 'drill',
    argument: '<percent>',
    env: ['ODO_MAX_REGRESSION'],
    description:
      'how much slower than the median of earlier drills of the same source a drill may be, or off; a slower one fails',
    default: 'off',
    value: values.percentOrOff,
  }),
  parallel: setting({
    group: 'drill',
    argument: '<n>',
    env: ['ODO_PARALLEL'],
    from: notOfOneDatabase,
    description: 'databases that are drilled at the same time with --all; auto: by cores, memory and disk',
    default: 'auto',
    value: values.autoOrWholeNumber(1, 64),
  }),

  conninfo: setting({
    group: 'backup',
    argument: '<conninfo>',
    env: ['ODO_CONNINFO'],
    description:
      'connection string of the server to back up, without a password (PGPASSWORD or ~/.pgpass): host=db1 user=backup',
    default: null,
    value: values.text,
  }),
  compression: setting({
    group: 'backup',
    argument: '<codec>',
    env: ['ODO_COMPRESSION'],
    description: 'how to compress the backup: zstd, gzip or none',
    default: 'zstd',
    value: z.enum(['zstd', 'gzip', 'none']).meta({ description: 'zstd, gzip or none' }),
  }),
  label: setting({
    group: 'backup',
    argument: '<key=value>',
    env: ['ODO_LABEL'],
    description: 'what to remember about the backup, such as release=2.4; may be given several times',
    default: null,
    value: values.labels,
    repeats: true,
  }),
  keepLast: setting({
    group: 'backup',
    argument: '<n>',
    env: ['ODO_KEEP_LAST'],
    description: 'once the backup is complete, remove those of odo backup that are not among the last N',
    default: null,
    defaultText: 'all are kept',
    value: values.wholeNumber(1, 100_000),
  }),
  keepFor: setting({
    group: 'backup',
    argument: '<duration>',
    env: ['ODO_KEEP_FOR'],
    description: 'remove those that are older than this; with --keep-last only what neither of the two keeps',
    default: null,
    defaultText: 'all are kept',
    value: values.duration,
  }),

  runKey: setting({
    group: 'evidence',
    argument: '<key>',
    env: ['ODO_RUN_KEY'],
    from: notOfOneDatabase,
    description:
      'name of this run for schedulers: the same key again resumes the run, or reports it when it has ended',
    default: null,
    value: values.runKey,
  }),
  report: setting({
    group: 'evidence',
    argument: '<file>',
    env: ['ODO_REPORT'],
    description:
      'write a report when the run has ended: .html, .md, .json or .xml (JUnit); may be given several times',
    default: null,
    value: values.reportFiles,
    isPath: true,
    repeats: true,
  }),
  metricsFile: setting({
    group: 'evidence',
    argument: '<file>',
    env: ['ODO_METRICS_FILE'],
    description: 'write measures for Prometheus into this file (textfile collector of the node exporter)',
    default: null,
    value: values.path,
    isPath: true,
  }),
  notify: setting({
    group: 'evidence',
    argument: '<url>',
    env: ['ODO_NOTIFY'],
    description: 'post a summary to this URL when the run has ended; signed with ODO_NOTIFY_SECRET',
    default: null,
    value: values.endpoint,
  }),
  notifySecret: setting({
    group: 'evidence',
    env: ['ODO_NOTIFY_SECRET'],
    from: notInFlagsOrYaml,
    description: 'secret that signs what is posted to --notify (HMAC with SHA-256)',
    default: null,
    value: values.text,
    secret: true,
  }),

  journal: setting({
    group: 'odo',
    argument: '<file>',
    env: ['ODO_JOURNAL'],
    from: notOfOneDatabase,
    description: 'journal of the runs, on a local disk, not on what is restored',
    default: null,
    defaultText: '$XDG_STATE_HOME/odo/journal.sqlite or ~/.local/state/odo/journal.sqlite',
    value: values.path,
    isPath: true,
  }),
  config: setting({
    group: 'odo',
    argument: '<file>',
    env: ['ODO_CONFIG'],
    from: notInFiles,
    description: 'settings file',
    default: null,
    defaultText: 'odo.yaml in the working directory, when it is there',
    value: values.path,
    isPath: true,
  }),
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof settings;
export const settingKeys = Object.keys(settings) as SettingKey[];

/** Every setting after parsing; null where it is not set and has no default. */
export type Settings = {
  readonly [Key in SettingKey]:
    | z.output<(typeof settings)[Key]['value']>
    | ((typeof settings)[Key]['default'] extends null ? null : never);
};

/** `newVolume` → `new-volume`: the long flag and the key in odo.yaml. */
export const settingName = (key: string): string =>
  key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Of several in one group only one can hold; a choice made in a stronger layer hides those of weaker ones. */
export const choices = {
  target: ['volume', 'newVolume', 'dataDir', 'prepareVolume'],
  service: ['service', 'container', 'local', 'conninfo'],
  recoveryTarget: ['targetTime', 'targetLsn', 'targetXid', 'targetName', 'targetImmediate'],
} as const satisfies Record<string, readonly SettingKey[]>;

/** The setting by key, with the wide type: for code that treats all alike. */
export const settingOf = (key: SettingKey): Setting => settings[key];

export const mayComeFrom = (key: SettingKey, layer: Layer): boolean =>
  (settingOf(key).from ?? layers).includes(layer);

/** What an error says was expected. */
export const expectedOf = (key: SettingKey): string =>
  settingOf(key).value.meta()?.description ?? 'another value';

/** The words that a setting may be; undefined when it may be anything else too. */
export function choicesOf(key: SettingKey): readonly string[] | undefined {
  const { value } = settingOf(key);
  return value instanceof z.ZodEnum ? value.options.map(String) : undefined;
}
