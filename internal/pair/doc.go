// Package pair joins the records of one request into an exchange.
//
// A Table is told records in the order of the log and hands out exchanges. It
// starts no goroutine and knows no clock but the log's: the same records give
// the same exchanges, whenever and however fast they arrive.
//
// Records are joined by what is certain and by nothing else:
//
//   - by call id, where a record has one;
//   - a request side without an id (body, headers) to a call whose record states
//     the same headers and the same body;
//   - an error without an id to a call that failed with the same words.
//
// Where two requests could both be meant, the table does not choose: what is
// not certain stays out of the exchange, whose Incomplete says so.
//
// Memory is bounded: Config limits the requests held; the oldest are handed out
// first when there are too many.
package pair
