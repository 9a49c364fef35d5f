// Package mask hides personal data in the bodies of stored events, so that people who only look see the shape of an
// event and not who it is about.
//
// It masks the values of personal keys (e-mail, name, phone, address, ip and others), links that open somebody's
// invoice or checkout, client secrets, and every string that contains an e-mail address, also as the name of a member.
// It keeps ids, numbers, states, times and the order of members. A key that it does not know keeps its value, unless
// that contains an e-mail address. So a masked body may be shown to people who may read events, and to nobody else.
package mask
