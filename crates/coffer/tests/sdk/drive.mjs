// A shop that uses Rebilly's own SDK as its documentation says, against the Coffer at BASE.
//
//   node drive.mjs BASE ORGANIZATION STEP...
//
// ORGANIZATION may be empty: the SDK then leaves it out of the path. Every STEP of steps.mjs makes one call; a line of JSON
// tells what the SDK gave for it. The keys are those of every sandbox. CUSTOMER_JWT in the environment is what a customer
// of the shop shows at the storefront.

import {RebillyAPI, RebillyErrors, RebillyStorefrontAPI} from 'rebilly-js-sdk';
import {steps} from './steps.mjs';

const [base, organization, ...names] = process.argv.slice(2);

// The SDK gives up after 6 seconds unless told otherwise; here only an answer decides.
const common = () => ({
  sandbox: true,
  urls: {live: base, sandbox: base},
  organizationId: organization || null,
  timeout: 60_000,
});

// What went over the wire last: the request that was answered in the end, after redirects.
let wire = null;
const watched = (api) => {
  const note = (response) => {
    if (response) wire = {method: response.request.method, path: response.request.path};
  };
  api.addResponseInterceptor({
    thenDelegate: (response) => (note(response), response),
    catchDelegate: (error) => (note(error.response), Promise.reject(error)),
  });
  return api;
};

const publishable = watched(RebillyAPI(common()));
publishable.setPublishableKey('pk_sandbox_coffer');

const shop = {
  secret: watched(RebillyAPI({...common(), apiKey: 'sk_sandbox_coffer'})),
  stranger: watched(RebillyAPI({...common(), apiKey: 'sk_sandbox_somebody_else'})),
  publishable,
  storefront: watched(RebillyStorefrontAPI({...common(), jwt: process.env.CUSTOMER_JWT ?? 'none'})),
  forged: watched(RebillyStorefrontAPI({...common(), jwt: 'eyJhbGciOiJub25lIn0.e30.'})),
  // Moves the sandbox's clock, so that two times of creation differ.
  later: async (seconds) => {
    const body = JSON.stringify({advanceSeconds: seconds});
    const answer = await fetch(new URL('/sandbox/clock', base), {method: 'POST', body});
    if (!answer.ok) throw new Error(`the clock says ${answer.status}`);
  },
  // The step's call gave this, for later steps.
  made: {},
};

const headers = (response) => ({...response.headers});

const succeeded = (result) => {
  const {status} = result.response;
  if (result.items) {
    const {limit, offset, total} = result;
    return {status, limit, offset, total, items: result.items.map((item) => item.fields)};
  }
  return {status, headers: headers(result.response), fields: result.fields};
};

const failed = (error) => {
  const kinds = Object.keys(RebillyErrors).filter((kind) => error instanceof RebillyErrors[kind]);
  if (kinds.length === 0) throw error;
  const {name, status, message, invalidFields} = error;
  return {error: {name, kinds, status, message, invalidFields}};
};

for (const name of names) {
  wire = null;
  const call = steps[name];
  if (!call) throw new Error(`no step ${name}`);
  const outcome = await call(shop).then((result) => ((shop.made[name] = result), succeeded(result)), failed);
  console.log(JSON.stringify({step: name, wire, ...outcome}));
}
