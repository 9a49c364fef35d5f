// Package explain tells why an account has the access that it has: the answer first, then the chain behind it,
// what happens next, what happened, and what operators did.
//
// It composes reads of the store and calls no provider. The number of its reads is fixed, and each is a page
// by an index. It decides nothing: access, reasons and rules come from [lockstep.Catalog.Access], the function
// that every answer about access comes from. All sentences are made here, so the command, the API and the
// console say the same. No sentence has an e-mail address or a name of a person.
package explain
