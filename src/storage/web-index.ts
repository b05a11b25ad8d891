/**
 * Names that an index page links to right below its own address, as nginx (ngx_http_autoindex_module) and Apache
 * (mod_autoindex) write it; a folder's ends with a slash. Links elsewhere, to the parent and to other sortings are
 * none.
 */
export function namesOfIndex(html: string, pageUrl: string): string[] {
  const page = new URL(pageUrl);
  const names = new Set<string>();
  for (const [, quoted, bare] of html.matchAll(/<a\s[^>]*?href\s*=\s*(?:["']([^"']*)["']|([^\s>]+))/gi)) {
    const url = URL.parse(withoutEntities(quoted ?? bare ?? ''), page.href);
    if (url === null || url.origin !== page.origin || url.search !== '' || url.hash !== '') continue;
    if (!url.pathname.startsWith(page.pathname)) continue;
    const name = decoded(url.pathname.slice(page.pathname.length));
    if (name !== null && /^[^/]+\/?$/.test(name)) names.add(name);
  }
  return [...names];
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

const withoutEntities = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|#39);/g, (whole, name: string) => entities[name] ?? whole);

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
