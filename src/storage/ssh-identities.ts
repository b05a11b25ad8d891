import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { AnyAuthMethod, ParsedKey } from 'ssh2';
import ssh from 'ssh2';
import { OdoError } from '../errors/odo-error.ts';
import type { SshCredentials } from './credentials.ts';
import { systemCode } from './file-errors.ts';

const defaultKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'] as const;

/**
 * Ways to prove who we are, in the order in which they are tried: a key that was named, the agent, the usual keys,
 * a password. @throws CONFIG_INVALID when the named key cannot be used
 */
export async function sshIdentities(
  username: string,
  { keyFile, passphrase, agentSocket, password }: SshCredentials,
): Promise<AnyAuthMethod[]> {
  const named = keyFile === null ? [] : [await namedKey(keyFile, passphrase)];
  const usual =
    keyFile === null
      ? await Promise.all(defaultKeys.map((name) => usualKey(join(homedir(), '.ssh', name), passphrase)))
      : [];
  return [
    ...named.map((key) => ({ type: 'publickey' as const, username, key })),
    ...(agentSocket === null ? [] : [{ type: 'agent' as const, username, agent: agentSocket }]),
    ...usual.flatMap((key) => (key === null ? [] : [{ type: 'publickey' as const, username, key }])),
    ...(password === null
      ? []
      : [
          { type: 'password' as const, username, password },
          {
            type: 'keyboard-interactive' as const,
            username,
            // Servers with PAM ask for the password in this way only.
            prompt: (
              _name: string,
              _instructions: string,
              _language: string,
              prompts: readonly unknown[],
              finish: (answers: string[]) => void,
            ) => finish(prompts.map(() => password)),
          },
        ]),
  ];
}

async function namedKey(file: string, passphrase: string | null): Promise<ParsedKey> {
  const text = await readFile(file).catch((cause: unknown) => {
    throw new OdoError('CONFIG_INVALID', `The SSH key ${file} cannot be read (${systemCode(cause)}).`, {
      hint: 'Give the file of the private key with --ssh-key or ODO_SSH_KEY.',
      cause,
    });
  });
  const key = parse(text, passphrase);
  if (key !== null) return key;
  throw new OdoError('CONFIG_INVALID', `${file} is not a private SSH key that odo can use.`, {
    hint: 'If it has a passphrase, set ODO_SSH_KEY_PASSPHRASE or add it to the agent with ssh-add.',
  });
}

async function usualKey(file: string, passphrase: string | null): Promise<ParsedKey | null> {
  const text = await readFile(file).catch(() => null);
  return text === null ? null : parse(text, passphrase);
}

function parse(text: Buffer, passphrase: string | null): ParsedKey | null {
  const parsed: ParsedKey | readonly ParsedKey[] | Error = ssh.utils.parseKey(text, passphrase ?? undefined);
  if (parsed instanceof Error) return null;
  const [key] = [parsed].flat();
  return key?.isPrivateKey() ? key : null;
}
