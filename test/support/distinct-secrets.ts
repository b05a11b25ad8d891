/** A value of its own for every setting that holds a credential: found anywhere, it tells which one leaked. */
export const distinctSecrets = {
  AWS_SECRET_ACCESS_KEY: 'leak-aws-secret-key/7Qx+',
  AWS_SESSION_TOKEN: 'leak-aws-session-token==',
  AZURE_STORAGE_CONNECTION_STRING:
    'DefaultEndpointsProtocol=https;AccountName=account;AccountKey=bGVhay1henVyZS1jb25uZWN0aW9u;EndpointSuffix=core.windows.net',
  AZURE_STORAGE_KEY: 'bGVhay1henVyZS1rZXkta2V5LWtleQ==',
  AZURE_STORAGE_SAS_TOKEN: 'sv=2024-11-04&ss=b&srt=co&sp=rl&sig=leakAzureSasSignature%3D',
  ODO_HTTP_PASSWORD: 'leak-http-password',
  ODO_SSH_PASSWORD: 'leak-ssh-password',
  ODO_SSH_KEY_PASSPHRASE: 'leak-ssh-passphrase',
  ODO_PRIMARY_PASSWORD: 'leak-primary-password',
  ODO_NOTIFY_SECRET: 'leak-notify-secret',
} as const;

/** What must be nowhere: the values, the parts of them that are secret, and the forms they travel in. */
export const forbidden: readonly string[] = [
  ...Object.values(distinctSecrets),
  'bGVhay1henVyZS1jb25uZWN0aW9u',
  'leakAzureSasSignature',
  encodeURIComponent(distinctSecrets.AWS_SECRET_ACCESS_KEY),
  Buffer.from(`leak-http-user:${distinctSecrets.ODO_HTTP_PASSWORD}`).toString('base64'),
  'leak-google-private-key',
  'leak-google-access-token',
];

export const leaksIn = (text: string): string[] => forbidden.filter((secret) => text.includes(secret));
