import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { parseEndpoint, parseStorageUrl } from '../../../src/storage/storage-url.ts';

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
    'gs://bucket/x',
    'file://host/x',
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
