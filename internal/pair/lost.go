package pair

import "tailer"

// lostCharacters is the reason given where a value is left out because a container
// runtime has lost characters of it.
const lostCharacters = "characters lost"

// noteLost takes the body as received where that of other records lacks something, and
// says what is left out.
func (c *call) noteLost(x *tailer.Exchange) {
	if q := &x.Request; q.Lost && c.front != nil && c.front.request.Body != nil && !c.front.request.Lost {
		q.Body, q.Rebuilt, q.Bare, q.Lost = c.front.request.Body, false, false, false
	}
	last := c.final()
	if x.Request.Lost || x.Response == nil && last != nil && last.Lost {
		x.Incomplete = append(x.Incomplete, lostCharacters)
	}
}
