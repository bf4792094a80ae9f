// Drives the Vault dialect with node-vault, unmodified. Arguments: the address of a daemon, a root token of its tenant system,
// the address of a daemon that has no store yet.
//
// node-vault keeps the token of every log in, of every token it makes and of every renewal, and sends that one from then on:
// so whoever logs in here has a client of their own.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createSign, generateKeyPairSync } from 'node:crypto';
import vault from 'node-vault';

const [ADDRESS, ROOT, SEALED] = process.argv.slice(2);
const client = vault({ endpoint: ADDRESS, token: ROOT });
const stranger = () => vault({ endpoint: ADDRESS, namespace: 'system' });
const bearer = (token) => vault({ endpoint: ADDRESS, token });

async function refused(promise, status, said = /.*/) {
  const error = await promise.then((answer) => assert.fail(JSON.stringify(answer)), (reason) => reason);
  assert.ok(error.response, error);
  assert.equal(error.response.statusCode, status, error.message);
  assert.match(error.message, said);
}

// The daemon itself.
assert.equal((await client.health()).initialized, true);
assert.equal((await client.status()).sealed, false);
assert.equal((await client.initialized()).initialized, true);
assert.equal((await client.leader()).ha_enabled, false);
const { term } = (await client.read('sys/key-status')).data;
await client.rotate();
assert.equal((await client.read('sys/key-status')).data.term, term + 1);
assert.match((await client.help('sys/mounts')).help, /Request: +mounts/);

// Mounts.
for (const type of ['userpass', 'approle', 'jwt']) await client.enableAuth({ mount_point: type, type, description: 'ours' });
await client.enableAuth({ mount_point: 'people/oidc', type: 'oidc' });
await refused(client.enableAuth({ mount_point: 'jwt', type: 'jwt' }), 400, /path is already in use at jwt\//);
await client.mount({ mount_point: 'signer', type: 'jwt', description: 'signs' });
assert.equal((await client.mounts()).data['signer/'].type, 'jwt');
const methods = (await client.auths()).data;
assert.equal(methods['userpass/'].description, 'ours');
await client.write('sys/mounts/auth/userpass/tune', { default_lease_ttl: '1h' });
await client.write('sys/auth/userpass/tune', { description: 'people' });
assert.equal((await client.read('sys/auth/userpass/tune')).data.default_lease_ttl, 3600);
await client.write('sys/mounts/signer/tune', { max_lease_ttl: '2h' });
assert.equal((await client.read('sys/mounts/signer/tune')).data.max_lease_ttl, 7200);
assert.ok((await client.read('sys/internal/ui/mounts')).data.secret['signer/']);
assert.equal((await client.read('sys/internal/ui/mounts/signer')).data.type, 'jwt');

// Policies, by both paths.
const RULES = 'path "sys/mounts" { capabilities = ["read"] }\npath "identity/oidc/*" { capabilities = ["read", "update"] }\n';
await client.addPolicy({ name: 'reader', rules: RULES });
assert.equal((await client.getPolicy({ name: 'reader' })).data.rules, RULES);
assert.ok((await client.policies()).policies.includes('reader'));
await client.write('sys/policies/acl/other', { policy: RULES });
assert.equal((await client.read('sys/policies/acl/other')).data.policy, RULES);
assert.ok((await client.list('sys/policies/acl')).data.keys.includes('other'));
await client.delete('sys/policies/acl/other');
await refused(client.getPolicy({ name: 'other' }), 404);
await refused(client.addPolicy({ name: 'broken', rules: 'path {' }), 400, /failed to parse policy/);

// Tokens.
const made = (await bearer(ROOT).tokenCreate({ policies: ['reader'], ttl: '1h', meta: { team: 'blue' } })).auth;
assert.deepEqual(made.policies, ['default', 'reader']);
assert.deepEqual((await client.tokenLookup({ token: made.client_token })).data.meta, { team: 'blue' });
assert.equal((await client.tokenLookupAccessor({ accessor: made.accessor })).data.accessor, made.accessor);
assert.ok((await client.tokenAccessors()).data.keys.includes(made.accessor));
const reader = bearer(made.client_token);
assert.equal((await reader.tokenLookupSelf()).data.id, made.client_token);
assert.deepEqual((await reader.write('sys/capabilities-self', { paths: ['sys/mounts'] })).capabilities, ['read']);
assert.ok((await reader.mounts()).data['sys/']);
await refused(reader.auths(), 403, /permission denied/);
assert.ok((await reader.tokenRenewSelf({ increment: '30m' })).auth.lease_duration > 0);
assert.equal((await bearer(ROOT).tokenRenew({ token: made.client_token, increment: '10m' })).auth.client_token, made.client_token);
const orphan = (await bearer(ROOT).tokenCreateOrphan({ policies: ['reader'] })).auth;
assert.equal(orphan.orphan, true);
await client.tokenRevokeAccessor({ accessor: orphan.accessor });
const child = (await bearer(ROOT).tokenCreate({ policies: ['reader'] })).auth;
await client.tokenRevoke({ token: child.client_token });
await refused(bearer(child.client_token).tokenLookupSelf(), 403);
await reader.tokenRevokeSelf();
await refused(reader.tokenLookupSelf(), 403);

// People.
await client.write('auth/userpass/users/alma', { password: 'correct horse', policies: 'reader' });
assert.deepEqual((await client.read('auth/userpass/users/alma')).data.token_policies, ['reader']);
assert.deepEqual((await client.list('auth/userpass/users')).data.keys, ['alma']);
assert.match((await client.help('auth/userpass/users/alma')).help, /password/);
const alma = stranger();
const in_by_password = await alma.userpassLogin({ username: 'alma', password: 'correct horse' });
assert.equal(alma.token, in_by_password.auth.client_token);
assert.ok((await alma.tokenLookupSelf()).data.entity_id);
await refused(stranger().userpassLogin({ username: 'alma', password: 'wrong' }), 400, /invalid username or password/);

// Machines.
await client.addApproleRole({ role_name: 'ci', token_policies: 'reader', token_ttl: 1200 });
assert.equal((await client.getApproleRole({ role_name: 'ci' })).data.token_ttl, 1200);
assert.ok((await client.approleRoles()).data.keys.includes('ci'));
await client.updateApproleRoleId({ role_name: 'ci', role_id: 'the-ci' });
assert.equal((await client.getApproleRoleId({ role_name: 'ci' })).data.role_id, 'the-ci');
const secret = (await client.getApproleRoleSecret({ role_name: 'ci', metadata: '{"host": "a"}' })).data;
assert.deepEqual((await client.approleSecretAccessors({ role_name: 'ci' })).data.keys, [secret.secret_id_accessor]);
assert.deepEqual((await client.approleSecretLookup({ role_name: 'ci', secret_id: secret.secret_id })).data.metadata, { host: 'a' });
const by_accessor = { role_name: 'ci', secret_id_accessor: secret.secret_id_accessor };
assert.equal((await client.approleSecretAccessorLookup(by_accessor)).data.secret_id_accessor, secret.secret_id_accessor);
const machine = stranger();
assert.equal((await machine.approleLogin({ role_id: 'the-ci', secret_id: secret.secret_id })).auth.lease_duration, 1200);
await client.approleSecretAccessorDestroy(by_accessor);
const second = (await client.getApproleRoleSecret({ role_name: 'ci' })).data.secret_id;
await client.approleSecretDestroy({ role_name: 'ci', secret_id: second });
await refused(stranger().approleLogin({ role_id: 'the-ci', secret_id: second }), 400, /invalid/);

// Wrapping.
const wrapped = (await client.request({
  path: '/sys/wrapping/wrap', method: 'POST', json: { zip: 'zap' }, headers: { 'X-Vault-Wrap-TTL': '60s' },
})).wrap_info;
assert.equal(wrapped.ttl, 60);
assert.equal((await client.write('sys/wrapping/lookup', { token: wrapped.token })).data.creation_ttl, 60);
const again = (await client.write('sys/wrapping/rewrap', { token: wrapped.token })).wrap_info.token;
assert.deepEqual((await bearer(again).unwrap()).data, { zip: 'zap' });
await refused(client.write('sys/wrapping/unwrap', { token: again }), 400, /wrapping token/);

// Entities and groups.
const id = async (path, data) => (await client.write(path, data)).data.id;
const place = methods['userpass/'].accessor;
const anna = await id('identity/entity', { name: 'anna', metadata: { team: 'blue' } });
assert.equal((await client.read(`identity/entity/id/${anna}`)).data.name, 'anna');
await client.write(`identity/entity/id/${anna}`, { policies: ['reader'] });
assert.deepEqual((await client.read('identity/entity/name/anna')).data.policies, ['reader']);
const bert = await id('identity/entity/name/bert', { metadata: ['a=b'] });
assert.ok((await client.list('identity/entity/id')).data.keys.includes(bert));
assert.ok((await client.list('identity/entity/name')).data.keys.includes('bert'));
const alias = await id('identity/entity-alias', { name: 'anna-here', canonical_id: anna, mount_accessor: place });
assert.equal((await client.read(`identity/entity-alias/id/${alias}`)).data.mount_type, 'userpass');
await client.write(`identity/entity-alias/id/${alias}`, { name: 'anna-there', canonical_id: anna, mount_accessor: place });
assert.equal((await client.list('identity/entity-alias/id')).data.key_info[alias].name, 'anna-there');
await client.write('identity/entity/merge', { from_entity_ids: [bert], to_entity_id: anna });
assert.equal((await client.write('identity/lookup/entity', { name: 'anna' })).data.id, anna);
const [carl, dora] = [await id('identity/entity', { name: 'carl' }), await id('identity/entity', { name: 'dora' })];
await client.write('identity/entity/batch-delete', { entity_ids: [carl] });
await client.delete('identity/entity/name/dora');
for (const gone of [bert, carl, dora]) await refused(client.read(`identity/entity/id/${gone}`), 404);
const inner = await id('identity/group', { name: 'inner', member_entity_ids: [anna], policies: 'reader' });
assert.equal((await client.read(`identity/group/id/${inner}`)).data.type, 'internal');
await client.write(`identity/group/id/${inner}`, { name: 'inner', metadata: { a: 'b' } });
const outer = await id('identity/group/name/outer', { member_group_ids: [inner] });
assert.deepEqual((await client.read('identity/group/name/outer')).data.member_group_ids, [inner]);
assert.deepEqual((await client.list('identity/group/name')).data.keys, ['inner', 'outer']);
assert.equal((await client.list('identity/group/id')).data.keys.length, 2);
assert.equal((await client.write('identity/lookup/group', { name: 'outer' })).data.id, outer);
const outside = await id('identity/group', { name: 'outside', type: 'external' });
const groupAlias = await id('identity/group-alias', { name: 'admins', canonical_id: outside, mount_accessor: place });
assert.equal((await client.read(`identity/group-alias/id/${groupAlias}`)).data.name, 'admins');
await client.write(`identity/group-alias/id/${groupAlias}`, { name: 'owners', canonical_id: outside, mount_accessor: place });
assert.deepEqual((await client.list('identity/group-alias/id')).data.keys, [groupAlias]);

// Identity tokens: of alma, who has an entity since she logged in.
await client.write('identity/oidc/config', { issuer: '' });
assert.equal((await client.read('identity/oidc/config')).data.issuer, '');
await client.write('identity/oidc/key/apps', { algorithm: 'EdDSA', allowed_client_ids: '*', rotation_period: '12h' });
assert.equal((await client.read('identity/oidc/key/apps')).data.rotation_period, 43200);
assert.deepEqual((await client.list('identity/oidc/key')).data.keys, ['apps']);
await client.write('identity/oidc/role/shop', { key: 'apps', ttl: '10m' });
assert.deepEqual((await client.list('identity/oidc/role')).data.keys, ['shop']);
const shop = (await client.read('identity/oidc/role/shop')).data;
assert.equal(shop.ttl, 600);
const issued = (await alma.read('identity/oidc/token/shop')).data;
assert.equal(issued.client_id, shop.client_id);
assert.deepEqual(await alma.write('identity/oidc/introspect', { token: issued.token }), { active: true });
assert.match((await stranger().read('identity/oidc/.well-known/openid-configuration')).issuer, /\/identity\/oidc$/);
assert.equal((await stranger().read('identity/oidc/.well-known/keys')).keys.length, 2);
await client.write('identity/oidc/key/apps/rotate', { verification_ttl: 0 });
assert.equal((await alma.write('identity/oidc/introspect', { token: issued.token })).active, false);
await refused(client.delete('identity/oidc/key/apps'), 400, /currently referenced by these roles: shop/);
await client.delete('identity/oidc/role/shop');
await client.delete('identity/oidc/key/apps');

// Log ins at another issuer: with a JWT, and with a browser.
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function signed(more) {
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: 'RS256', kid: '1' })}.${part({ iat: now, exp: now + 300, sub: 'anna', ...more })}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url')}`;
}
await client.write('auth/jwt/config', { jwt_validation_pubkeys: publicKey.export({ type: 'spki', format: 'pem' }) });
assert.equal((await client.read('auth/jwt/config')).data.jwt_validation_pubkeys.length, 1);
await client.write('auth/jwt/role/dev', {
  role_type: 'jwt', user_claim: 'sub', bound_audiences: 'us', token_policies: 'reader', groups_claim: 'groups',
});
assert.deepEqual((await client.read('auth/jwt/role/dev')).data.bound_audiences, ['us']);
assert.deepEqual((await client.list('auth/jwt/role')).data.keys, ['dev']);
const program = stranger();
const by_jwt = (await program.jwtLogin({ role: 'dev', jwt: signed({ aud: 'us', groups: ['staff'] }) })).auth;
assert.deepEqual(by_jwt.policies, ['default', 'reader']);
assert.equal(program.token, by_jwt.client_token);
assert.equal((await program.tokenLookupSelf()).data.display_name, 'jwt-anna');
await refused(stranger().jwtLogin({ role: 'dev', jwt: signed({ aud: 'them', groups: [] }) }), 400, /invalid audience/);
await client.delete('auth/jwt/role/dev');

let nonce = '';
const server = createServer((request, response) => {
  const here = `http://127.0.0.1:${server.address().port}`;
  const answers = {
    '/keys': { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1', alg: 'RS256', use: 'sig' }] },
    '/token': { token_type: 'Bearer', access_token: 'x', id_token: signed({ iss: here, aud: 'client', nonce }) },
    '/.well-known/openid-configuration': {
      issuer: here, jwks_uri: `${here}/keys`, authorization_endpoint: `${here}/auth`, token_endpoint: `${here}/token`,
    },
  };
  response.end(JSON.stringify(answers[request.url] ?? {}));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const CALLBACK = 'http://localhost:8250/oidc/callback';
await client.write('auth/people/oidc/config', {
  oidc_discovery_url: `http://127.0.0.1:${server.address().port}`, oidc_client_id: 'client', oidc_client_secret: 's3cret',
});
await client.write('auth/people/oidc/role/dev', { user_claim: 'sub', allowed_redirect_uris: [CALLBACK] });
const { auth_url: url } = (await stranger().write('auth/people/oidc/oidc/auth_url', { role: 'dev', redirect_uri: CALLBACK })).data;
const sent = new URL(url).searchParams;
nonce = sent.get('nonce');
const back = await stranger().read(`auth/people/oidc/oidc/callback?state=${sent.get('state')}&code=c`);
assert.deepEqual(back.auth.metadata, { role: 'dev' });

// Signing with keys of one's own.
await client.write('signer/roles/webauth', { algorithm: 'HS256', key: 'x'.repeat(32), default_issuer: 'Vault' });
assert.equal((await client.read('signer/roles/webauth')).data.key, undefined);
assert.deepEqual((await client.list('signer/roles')).data.keys, ['webauth']);
const token = (await client.write('signer/issue/webauth', { audience: 'them', claims: { a: 1 } })).data.token;
assert.equal(JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).a, 1);
await client.delete('signer/roles/webauth');

// And away with all of it; `own` wants no list verb either where a proxy has none.
const plain = vault({ endpoint: ADDRESS, token: ROOT, noCustomHTTPVerbs: true });
assert.equal((await plain.list('identity/group/id')).data.keys.length, 3);
await client.delete(`identity/group-alias/id/${groupAlias}`);
await client.delete('identity/group/name/outer');
for (const group of [outside, inner]) await client.delete(`identity/group/id/${group}`);
await client.delete(`identity/entity-alias/id/${alias}`);
await client.delete(`identity/entity/id/${anna}`);
await client.deleteApproleRole({ role_name: 'ci' });
await client.delete('auth/userpass/users/alma');
await client.removePolicy({ name: 'reader' });
await client.unmount({ mount_point: 'signer' });
for (const path of ['userpass', 'approle', 'jwt', 'people/oidc']) await client.disableAuth({ mount_point: path });
server.close();

// A daemon that has no store yet.
const fresh = vault({ endpoint: SEALED });
assert.equal((await fresh.health()).initialized, false);
const keys = await fresh.init({ secret_shares: 3, secret_threshold: 2 });
assert.equal((await fresh.initialized()).initialized, true);
assert.equal((await fresh.unseal({ key: keys.keys[0] })).progress, 1);
await fresh.unseal({ reset: true });
await fresh.unseal({ key: keys.keys_base64[2] });
assert.equal((await fresh.unseal({ key: keys.keys[1] })).sealed, false);
fresh.token = keys.root_token;
assert.equal((await fresh.tokenLookupSelf()).data.policies[0], 'root');
await fresh.seal();
assert.equal((await fresh.status()).sealed, true);
