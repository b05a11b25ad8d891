import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCode, OdoError } from '../../../src/errors/odo-error.ts';
import { parseEndpoint, parseStorageUrl } from '../../../src/storage/storage-url.ts';

function refused(url: string): OdoError {
  try {
    parseStorageUrl(url);
  } catch (error) {
    if (error instanceof OdoError && error.code === 'USAGE') return error;
    throw error;
  }
  throw new Error(`${url} was taken`);
}

describe('a backup address', () => {
  it.each([
    ['s3://bucket', 'bucket', ''],
    ['s3://bucket/', 'bucket', ''],
    ['s3://bucket/a', 'bucket', 'a/'],
    ['s3://bucket//a/b//', 'bucket', 'a/b/'],
    ['S3://my.bucket-1/ä b', 'my.bucket-1', 'ä b/'],
    [
      's3://arn:aws:s3:eu-west-1:123456789012:accesspoint/odo/x',
      'arn:aws:s3:eu-west-1:123456789012:accesspoint/odo',
      'x/',
    ],
  ])('%s names a bucket and a prefix', (url, bucket, prefix) => {
    expect(parseStorageUrl(url)).toEqual({ kind: 's3', bucket, prefix });
  });

  it('can be a container of a storage account, also as barman writes it', () => {
    const place = { kind: 'azure', account: 'shop', container: 'backups', prefix: 'pg/main/' };
    expect(parseStorageUrl('azure://shop/backups/pg/main')).toEqual({ ...place, endpoint: null });
    expect(parseStorageUrl('https://shop.blob.core.windows.net/backups/pg/main/')).toEqual({
      ...place,
      endpoint: 'https://shop.blob.core.windows.net',
    });
    expect(parseStorageUrl('https://shop.blob.core.usgovcloudapi.net/backups')).toMatchObject({
      endpoint: 'https://shop.blob.core.usgovcloudapi.net',
      prefix: '',
    });
  });

  it.each([
    ['azure://shop/backups/x?sv=1&sig=verysecret', 'AZURE_STORAGE_SAS_TOKEN'],
    ['https://shop.blob.core.windows.net/backups?sig=verysecret', 'AZURE_STORAGE_SAS_TOKEN'],
    ['azure://shop:verysecret@x/backups', 'AZURE_STORAGE_KEY'],
    ['gs://me:verysecret@x/y', 'GOOGLE_APPLICATION_CREDENTIALS'],
  ])('refuses a secret in %s', (url, variable) => {
    const error = refused(url);
    expect(error.hint).toContain(variable);
    expect(JSON.stringify(error) + String(error)).not.toContain('verysecret');
  });

  it.each([
    ['az://shop/backups', 'azure://ACCOUNT/CONTAINER/PREFIX'],
    ['wasbs://shop/backups', 'azure://ACCOUNT/CONTAINER/PREFIX'],
    ['s3a://bucket/x', 's3://BUCKET/PREFIX'],
    ['gcs://bucket/x', 'gs://BUCKET/PREFIX'],
    ['ssh://host/x', 'sftp://USER@HOST:PORT/DIRECTORY'],
  ])('says of %s what is meant', (url, meant) => {
    expect(refused(url).message).toContain(`Did you mean ${meant}?`);
    expect(refused(url).hint).toContain('s3://BUCKET/PREFIX, azure://ACCOUNT/CONTAINER/PREFIX');
  });

  it('can be a bucket of Google Cloud Storage', () => {
    expect(parseStorageUrl('gs://backups/pg')).toEqual({ kind: 'gcs', bucket: 'backups', prefix: 'pg/' });
  });

  it('can be a folder of a web server', () => {
    const url = 'https://backups.example.com:8443/pg/a%20b/';
    expect(parseStorageUrl(url)).toEqual({ kind: 'web', url, prefix: '' });
    expect(parseStorageUrl('http://x')).toEqual({ kind: 'web', url: 'http://x/', prefix: '' });
    expect(parseStorageUrl('https://x/a//')).toMatchObject({ url: 'https://x/a/' });
    expect(refused('https://me:verysecret@x/y').hint).toContain('ODO_HTTP_PASSWORD');
    expect(refused('https://x/y?token=verysecret').code).toBe('USAGE');
  });

  it('can be a directory of an SSH server', () => {
    expect(parseStorageUrl('sftp://me@db.example.com:2222/srv/a%20b/')).toEqual({
      kind: 'sftp',
      user: 'me',
      host: 'db.example.com',
      port: 2222,
      directory: '/srv/a b',
      prefix: '',
    });
    expect(parseStorageUrl('sftp://[::1]/srv')).toMatchObject({ user: null, host: '::1', port: 22 });
    expect(refused('sftp://me:verysecret@x/y').hint).toContain('ODO_SSH_PASSWORD');
  });

  it('can be a local directory', () => {
    expect(parseStorageUrl('file:///var/backups/pg%20a/')).toEqual({
      kind: 'directory',
      directory: '/var/backups/pg a',
      prefix: '',
    });
  });

  it.each([
    '',
    'bucket/prefix',
    's3:/bucket',
    's3://',
    's3:///x',
    's3://-x',
    'gs://-',
    'ftp://host/x',
    'http://',
    'file://host/x',
    'azure://shop',
    'sftp:///srv',
    'sftp://host/%zz',
    'azure://Shop_1/backups',
    'azure://shop/B',
  ])('refuses %j as wrong usage', (url) => {
    expect(() => parseStorageUrl(url)).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: expect.any(String) }),
    );
  });

  it('refuses credentials in the address without repeating them', () => {
    const error = ((): unknown => {
      try {
        return parseStorageUrl('s3://AKIAX:verysecret@bucket/x');
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'USAGE' });
    expect(JSON.stringify(error) + String(error)).not.toContain('verysecret');
  });

  it('never fails with a foreign error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `s3://${text}`),
          fc.string().map((text) => `azure://${text}`),
          fc.string().map((text) => `sftp://${text}`),
          fc.string().map((text) => `https://${text}`),
        ),
        (url) => {
          try {
            parseStorageUrl(url);
          } catch (error) {
            expect(errorCode(error)).toBe('USAGE');
          }
        },
      ),
    );
  });
});

describe('an endpoint', () => {
  it('keeps its scheme, port and path', () => {
    expect(parseEndpoint('http://127.0.0.1:9000/')).toBe('http://127.0.0.1:9000');
    expect(parseEndpoint('https://gateway.example.com/s3')).toBe('https://gateway.example.com/s3');
  });

  it.each(['minio:9000', 'ftp://x', 'not a url', 'https://key:secret@host'])('refuses %s', (endpoint) => {
    expect(() => parseEndpoint(endpoint)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
