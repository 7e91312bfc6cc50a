// One call of the SDK a step. A step finds what an earlier one got in `made`, by that one's name.

const billingAddress = {
  firstName: 'Benjamin',
  lastName: 'Franklin',
  address: '36 Craven St',
  city: 'London',
  country: 'GB',
  postalCode: 'WC2N 5NF',
  emails: [{label: 'main', value: 'rebilly@example.com', primary: true}],
};

const card = (pan = '4111111111111111') => ({
  method: 'payment-card',
  paymentInstrument: {pan, cvv: '123', expMonth: 12, expYear: 2035},
  billingAddress,
  riskMetadata: {fingerprint: 'pIUt3xbgX3l9g3YDiLbx'},
  leadSource: {source: 'newsletter'},
});

const account = {
  method: 'ach',
  paymentInstrument: {
    accountNumberType: 'BBAN',
    accountNumber: '123456789',
    routingNumber: '021000021',
    accountType: 'checking',
    bankName: 'First Bank',
  },
  billingAddress,
};

const customerId = 'cus_of_the_sdk';
const tokenOf = ({publishable}, data) => publishable.paymentTokens.create({data}).then((token) => token.fields.id);
const id = (result) => result.fields.id;

export const steps = {
  // Tokens.
  create: ({publishable}) => publishable.paymentTokens.create({data: card()}),
  create_secret: ({secret}) => secret.paymentTokens.create({data: card('5555555555554444')}),
  create_bank: ({publishable}) => publishable.paymentTokens.create({data: account}),
  read: ({publishable, made}) => publishable.paymentTokens.get({token: id(made.create)}),
  read_secret: ({secret, made}) => secret.paymentTokens.get({token: id(made.create)}),
  list_tokens: ({secret}) => secret.paymentTokens.getAll({limit: 2, offset: 1}),

  // Instruments.
  redeem: ({secret, made}) => secret.paymentInstruments.create({data: {customerId, token: id(made.create)}}),
  read_used: ({secret, made}) => secret.paymentTokens.get({token: id(made.create)}),
  redeem_used: ({secret, made}) => secret.paymentInstruments.create({data: {customerId, token: id(made.create)}}),
  redeem_same_card: async (shop) => {
    const token = await tokenOf(shop, {...card(), paymentInstrument: {...card().paymentInstrument, expYear: 2038}});
    return shop.secret.paymentInstruments.create({data: {customerId, token}});
  },
  redeem_other: async ({secret, made, later}) => {
    await later(60);
    return secret.paymentInstruments.create({data: {customerId, token: id(made.create_secret)}});
  },
  redeem_bank: ({secret, made}) => secret.paymentInstruments.create({data: {customerId, token: id(made.create_bank)}}),
  get: ({secret, made}) => secret.paymentInstruments.get({id: id(made.redeem)}),
  update_token: async (shop) => {
    const token = await tokenOf(shop, {method: 'payment-card', paymentInstrument: {expMonth: 3, expYear: 2040}});
    return shop.secret.paymentInstruments.update({id: id(shop.made.redeem), data: {token}});
  },
  update_fields: ({secret, made}) =>
    secret.paymentInstruments.update({
      id: id(made.redeem),
      data: {expMonth: 4, expYear: 2041, billingAddress: {...billingAddress, city: 'Paris', country: 'FR'}},
    }),
  list_instruments: ({secret}) =>
    secret.paymentInstruments.getAll({
      filter: `customerId:${customerId};method:payment-card`,
      sort: ['-createdTime', 'id'],
      limit: 1,
    }),
  list_bad_filter: ({secret}) => secret.paymentInstruments.getAll({filter: 'createdTime:yesterday..'}),
  deactivate: ({secret, made}) => secret.paymentInstruments.deactivate({id: id(made.redeem_other)}),
  deactivate_again: ({secret, made}) => secret.paymentInstruments.deactivate({id: id(made.redeem_other)}),

  // Customers. The SDK asks for an id with GET and sends PUT after a 404.
  customer_create: async (shop) => {
    const paymentToken = await tokenOf(shop, card('4242424242424242'));
    return shop.secret.customers.create({id: customerId, data: {primaryAddress: billingAddress, paymentToken}});
  },
  customer_create_again: ({secret}) =>
    secret.customers.create({id: customerId, data: {primaryAddress: billingAddress}}),
  customer_create_unnamed: ({secret}) => secret.customers.create({data: {primaryAddress: billingAddress}}),
  customer_get: ({secret}) => secret.customers.get({id: customerId}),
  customer_update: ({secret}) =>
    secret.customers.update({id: customerId, data: {primaryAddress: {...billingAddress, lastName: 'Bache'}}}),

  // The storefront, as a customer.
  storefront_create: async (shop) => {
    const token = await tokenOf(shop, card('6011111111111117'));
    return shop.storefront.paymentInstruments.create({data: {token}});
  },
  storefront_list: ({storefront}) => storefront.paymentInstruments.getAll({limit: 10}),
  storefront_forged: ({forged}) => forged.paymentInstruments.getAll(),

  // Errors.
  wrong_key: ({stranger}) => stranger.paymentTokens.create({data: card()}),
  key_may_not: ({publishable, made}) =>
    publishable.paymentInstruments.create({data: {customerId, token: id(made.create)}}),
  unknown_token: ({secret}) => secret.paymentTokens.get({token: '4f6cf35x-2c4y-483z-a0a9-158621f77a21'}),
  unknown_instrument: ({secret}) => secret.paymentInstruments.get({id: 'inst_01ARZ3NDEKTSV4RRFFQ69G5FAV'}),
  invalid_fields: ({publishable}) =>
    publishable.paymentTokens.create({
      data: {...card(), paymentInstrument: {pan: '4111111111111112', cvv: '123', expMonth: 13, expYear: 2035}},
    }),
};
