// Package pyrepr reads the text that Python's repr makes of dicts, lists, models
// and the like, as LiteLLM 1.55 to 1.109 writes them into its logs: 10 to 40 kB
// a record, 1.5 MB seen, half of it of no interest. A Reader is a pull parser on
// bytes. It passes the input once, builds no tree, and allocates nothing for what
// the caller does not ask for.
//
//	r := pyrepr.New(text)
//	r.Followers("traceback_exception", "end_time")
//	for top := r.Dict(); top.Next(); {
//		switch string(top.Key()) {
//		case "litellm_call_id":
//			id, _ = r.Text()
//		case "litellm_params":
//			for p := r.Dict(); p.Next(); {
//				…
//			}
//		case "response":
//			response = r.AppendJSON(nil)
//		}
//	}
//	if err := r.Err(); err != nil {
//		…
//	}
//
// # What is accepted
//
//	value     = string | bytes | number | word | dict | set | list | tuple
//	          | call | angle | recursion | opaque
//	string    = "'" text "'" | '"' text '"'            \ escapes the next byte
//	bytes     = "b" string
//	number    = a run of letters, digits, + - and .    starting with + - . or a digit
//	word      = name                                   None, True, nan, inf, x.y, …
//	name      = identifier { "." identifier }
//	dict      = "{" [ key ":" value { "," key ":" value } [","] ] "}"
//	key       = string | bytes | number | None | True | False | x.y | tuple | call | angle
//	set       = "{" value { "," value } [","] "}"      told from a dict by its first element
//	list      = "[" [ value { "," value } [","] ] "]"
//	tuple     = "(" [ value { "," value } [","] ] ")"
//	call      = name "(" [ arg { "," arg } [","] ] ")"
//	arg       = [ identifier "=" ] value
//	angle     = "<" { byte | string | angle } ">"
//	recursion = "{...}" | "[...]"
//	opaque    = see below
//
// White space may stand around each part. A value counts only if a comma or the
// closer of its container follows; else it is opaque.
//
// # Raw text
//
// LiteLLM's exceptions have their bare message as repr, with quotes, braces and
// newlines as they come. Such an opaque value ends before the next
// "", 'identifier':"" (in a call: "", identifier=""), in the outermost container
// only before one of the Followers; as the last member, before the last closer of
// the input. In an inner container brackets must balance and its closer ends it too.
// In a list it ends at the next comma or closer and holds no quotes or brackets.
// If the text of an upstream holds a follower itself, the first place counts from
// which the rest reads well with no follower twice. With Followers, a bare word in
// the outermost container is taken as raw text too, unless it is a constant.
//
// # Damage
//
// LiteLLM 1.84 and later put REDACTED in place of what looks like a secret, often
// with a quote or a bracket. The Reader first takes the text as it stands. Only
// where that does not fit, and only at a string or argument that holds REDACTED, it
// looks for the reading that does: an entry is lost, a value ends at REDACTED, or
// an apostrophe lost its backslash. Each is counted in Repairs. If two readings fit,
// or none, it stops with an error, since the text of the secret may be posing as
// members. Behind the first REDACTED, a key in double quotes must hold an
// apostrophe: Python would not have quoted it so otherwise.
//
// # JSON
//
// AppendJSON writes
//
//	None, Ellipsis, nan, inf, recursion, other <…>   null
//	number                                           number; hex as decimal; a string if JSON has none
//	string, bytes                                    string; what is no character is U+FFFD
//	list, tuple, set                                 array
//	dict                                             object; other keys as they are written; of equal keys the first
//	Name(k=v, …)                                     object of the keyword arguments
//	Name({…}), Name(x, […], k=v)                     the last dict, list, tuple or set among the arguments
//	UUID('x'), Decimal('1'), URL('x'), …             "x"
//	datetime.datetime(…)                             "2026-01-02T03:04:05.000006", with Z or offset if it has a zone
//	<E.A: 'a'>                                       "a"
//	any other call or word, opaque                   string of its text
//	REDACTED without quotes                          null
//	deeper than 200 levels                           null, and TooDeep reports it
//
// # What it does not do
//
// It does not judge what a record means, removes no secrets, and strips no ANSI
// colours: give it the text from the value's first byte on. What follows the
// outermost value is left alone (see Offset), but behind a repr with damage it
// must not look like more of the same.
//
// One kind of damage cannot be seen: LiteLLM's pattern for PEM keys reaches from a
// BEGIN line in one string to an END line in another and may take any number of
// members and brackets between them along. Members behind it then belong to
// another container than it seems; most often the brackets do not add up, which
// Err tells only at the end. A caller to whom that matters calls Skip first, and
// reads after a Reset if Err is nil.
//
// # Invariants
//
// Every call ends; searches that look ahead are cached or bounded, so that the
// time stays linear in the input. No input makes it panic. Skip
// and AppendJSON consume the same bytes. After an error nothing more is read.
package pyrepr
