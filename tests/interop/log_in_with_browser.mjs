// oidc-provider (https://github.com/panva/node-oidc-provider) is the issuer, this script the browser: people log in by the
// Vault dialect, in both response modes, and with the command line.
//
// Arguments: the address of a daemon, the token of the admin of tenant acme, the path of the command line.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { Provider } from 'oidc-provider';

const [ADDRESS, ADMIN, STRONGBOX] = process.argv.slice(2);
const CALLBACK = 'http://localhost:8250/oidc/callback';

// The port is known before the provider is made: its name is part of every token.
const server = createServer((request, response) => handler(request, response));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const ISSUER = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(ISSUER, {
  clients: [{
    client_id: 'strongbox', client_secret: 's:ecret/&+ %', application_type: 'native',
    redirect_uris: [CALLBACK, 'http://localhost/oidc/callback'],
    grant_types: ['authorization_code', 'implicit'], response_types: ['code', 'id_token'],
  }],
  claims: { openid: ['sub'], email: ['email'], groups: ['groups'] },
  scopes: ['openid', 'email', 'groups'],
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, groups: ['admins'] }),
  }),
  cookies: { keys: ['tests'] },
});
const handler = provider.callback();

async function ask(method, path, body, token) {
  const headers = { 'content-type': 'application/json' };
  if (token) headers['x-vault-token'] = token;
  const answer = await fetch(ADDRESS + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, body: text && text.startsWith('{') ? JSON.parse(text) : text };
}

async function admin(method, path, body) {
  const answer = await ask(method, path, body, ADMIN);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

// Follows redirects from the URL at which a log in begins, with cookies, fills in every form on the way, and stops at the
// first address that is not the provider's. Answers that address, or the fields of a form that is to be posted there.
async function browse(url, user) {
  const cookies = new Map();
  let request = { url, method: 'GET' };
  for (let hop = 0; hop < 30; hop += 1) {
    if (!request.url.startsWith(ISSUER)) return request;
    const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
    if (request.body) headers['content-type'] = 'application/x-www-form-urlencoded';
    const answer = await fetch(request.url, { ...request, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split(/=(.*)/s);
      if (value) cookies.set(name, value); else cookies.delete(name);
    }
    const location = answer.headers.get('location');
    if (location) {
      request = { url: new URL(location, request.url).href, method: 'GET' };
      continue;
    }
    const page = await answer.text();
    const form = /<form[^>]*action="([^"]+)"/.exec(page);
    assert.ok(form, `${answer.status} ${request.url}\n${page}`);
    const fields = new URLSearchParams();
    for (const [, name, value] of page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)) {
      fields.set(name, value);
    }
    if (fields.get('prompt') === 'login') {
      fields.set('login', user);
      fields.set('password', 'any');
    }
    request = { url: new URL(form[1], request.url).href, method: 'POST', body: fields.toString() };
  }
  assert.fail('the log in goes round in circles');
}

const config = {
  oidc_discovery_url: ISSUER, oidc_client_id: 'strongbox', oidc_client_secret: 's:ecret/&+ %', default_role: 'dev',
};
await admin('POST', '/v1/sys/auth/oidc', { type: 'oidc' });
await admin('POST', '/v1/auth/oidc/config', config);
await admin('POST', '/v1/auth/oidc/role/dev', {
  user_claim: 'sub', allowed_redirect_uris: [CALLBACK], oidc_scopes: 'email,groups', groups_claim: 'groups',
  claim_mappings: { email: 'email' }, bound_claims: { email: ['alice@example.com'] }, token_policies: ['dev'], max_age: '1h',
});

async function begin(more = {}) {
  const answer = await ask('POST', '/v1/auth/oidc/oidc/auth_url', { redirect_uri: CALLBACK, ...more });
  assert.ok(answer.body.data.auth_url, JSON.stringify(answer));
  return answer.body.data.auth_url;
}

// Authorization code with PKCE; what the ID token leaves out comes from userinfo.
const back = await browse(await begin({ client_nonce: 'mine' }), 'alice');
assert.ok(back.url.startsWith(CALLBACK), back.url);
const query = `${new URL(back.url).search}&client_nonce=mine`;
const ended = await ask('GET', `/v1/auth/oidc/oidc/callback${query}`);
assert.equal(ended.status, 200, JSON.stringify(ended.body));
assert.deepEqual(ended.body.auth.policies, ['default', 'dev']);
assert.deepEqual(ended.body.auth.metadata, { email: 'alice@example.com', role: 'dev' });
const again = await ask('GET', `/v1/auth/oidc/oidc/callback${query}`);
assert.deepEqual(again.body, { errors: ['Vault login failed. Expired or missing OAuth state.'] });

// Somebody else whom the provider knows, and the role does not want.
const bob = await browse(await begin(), 'bob');
const refused = await ask('GET', `/v1/auth/oidc/oidc/callback${new URL(bob.url).search}`);
assert.equal(refused.status, 400);
assert.match(refused.body.errors[0], /claim "email" does not match any associated bound claim values/);

// The command line: it prints where to go, and waits for the browser there.
const login = spawn(STRONGBOX, [
  'login', '--method', 'oidc', '--role', 'dev', '--no-browser', '--port', '0', '--address', ADDRESS, '--output', 'json',
  '--tenant', 'acme',
]);
let [said, printed] = ['', ''];
login.stderr.on('data', (part) => { said += part; });
login.stdout.on('data', (part) => { printed += part; });
const deadline = Date.now() + 20_000;
while (!/http:\/\/127\.0\.0\.1:\d+\S+/.test(said) && Date.now() < deadline) {
  await new Promise((resolve) => { setTimeout(resolve, 20); });
}
const there = /http:\/\/127\.0\.0\.1:\d+\S+/.exec(said);
assert.ok(there, `the command line says: ${said}`);
const arrived = await browse(there[0], 'alice');
const page = await (await fetch(arrived.url.replace('//localhost:', '//127.0.0.1:'))).text();
assert.match(page, /You are logged in/);
const [code] = await once(login, 'exit');
assert.equal(code, 0, said);
assert.ok(JSON.parse(printed).token, printed);

// The ID token itself, in a form that the browser posts and the listener hands on.
await admin('POST', '/v1/auth/oidc/config', { ...config, oidc_response_types: ['id_token'], oidc_response_mode: 'form_post' });
await admin('POST', '/v1/auth/oidc/role/posted', { user_claim: 'sub', allowed_redirect_uris: [CALLBACK] });
const form = await browse(await begin({ role: 'posted' }), 'carol');
assert.equal(form.method, 'POST');
assert.ok(form.url.startsWith(CALLBACK));
const fields = Object.fromEntries(new URLSearchParams(form.body));
const posted = await fetch(`${ADDRESS}/v1/auth/oidc/oidc/callback`, {
  method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form.body,
});
assert.match(posted.headers.get('content-type'), /^text\/html/);
const finished = await ask('GET', `/v1/auth/oidc/oidc/callback?state=${fields.state}&code=no_code`);
assert.equal(finished.status, 200, JSON.stringify(finished.body));
assert.equal(finished.body.auth.metadata.role, 'posted');
process.exit(0);
