/** Keys for an S3 store. Never journalled, logged or printed. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

/** For an Azure storage account; with none of them, what @azure/identity finds (managed identity, az login …). */
export interface AzureCredentials {
  readonly connectionString: string | null;
  /** The account that the key belongs to. */
  readonly account: string | null;
  readonly key: string | null;
  readonly sasToken: string | null;
}

/** How to prove who we are to an SSH server, and how it proves the same to us. */
export interface SshCredentials {
  /** Of the private key; null: the usual ones in ~/.ssh. */
  readonly keyFile: string | null;
  readonly passphrase: string | null;
  readonly agentSocket: string | null;
  readonly password: string | null;
  /** Beside ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts. */
  readonly knownHostsFile: string | null;
}

/** For Google Cloud Storage. */
export interface GoogleCredentials {
  /** Of a service account, an external account …; null: what this machine has. */
  readonly keyFile: string | null;
}

/** HTTP's basic authentication. */
export interface WebCredentials {
  readonly user: string;
  readonly password: string;
}

/** What opens each kind of source. Never journalled, logged or printed; looked up again whenever a run goes on. */
export interface SourceCredentials {
  /** Null: what the environment or a profile gives. */
  readonly s3: S3Credentials | null;
  readonly azure: AzureCredentials | null;
  readonly ssh: SshCredentials | null;
  readonly google: GoogleCredentials | null;
  readonly web: WebCredentials | null;
}
