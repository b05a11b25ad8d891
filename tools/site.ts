/** `npm run site`: the documentation as a site in build/site. A link that leads nowhere ends it. */
import { buildSite } from '../site/build-site.ts';

console.log(`The site is in ${await buildSite()}`);
