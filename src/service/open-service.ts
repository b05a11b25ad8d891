import type { Docker } from '../docker/client.ts';
import { ComposeService } from './compose.ts';
import { ContainerService } from './container.ts';
import { LocalService } from './local.ts';
import { NoService } from './none.ts';
import type { Service, ServiceSpec } from './service.ts';

/** The engine is asked for at first use: a local server needs none. */
export function openService(spec: ServiceSpec, ports: { readonly docker: () => Promise<Docker> }): Service {
  switch (spec.kind) {
    case 'none':
      return new NoService();
    case 'compose':
      return new ComposeService(spec, ports.docker);
    case 'container':
      return new ContainerService(spec, ports.docker);
    case 'local':
      return new LocalService(spec);
  }
}
