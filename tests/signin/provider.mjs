// A hospital's own OpenID provider for the tests: one real process on loopback.
// Arguments: port, our own address for answers.  Prints one line when it listens.
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, back] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;
const kinds = {
  RS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  EdDSA: ["ed25519", {}],
};
const keys = Object.entries(kinds).map(([alg, [kind, options]]) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }),
  kid: alg,
  alg,
  use: "sig",
}));
const client = (client_id, more) => ({
  client_id,
  redirect_uris: [back],
  grant_types: ["authorization_code"],
  response_types: ["code"],
  ...more,
});
const open = { token_endpoint_auth_method: "none" };
const provider = new Provider(issuer, {
  clients: [
    client("county", { client_secret: "a secret of sixty characters for the tests of the county", id_token_signed_response_alg: "RS256" }),
    client("open-es", { ...open, id_token_signed_response_alg: "ES256" }),
    client("open-ed", { ...open, id_token_signed_response_alg: "EdDSA" }),
  ],
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "EdDSA"] },
  jwks: { keys },
  cookies: { keys: ["a key of the tests"] },
  pkce: { required: () => true },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  // whoever signs in has agreed: no second page
  async loadExistingGrant(context) {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope("openid");
    await grant.save();
    return grant;
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
