package ship

// userKey is the attribute of a span that names its user.
const userKey = "user.id"

// User is whom the item's root span names, "" for nobody.
func (i *Item) User() string {
	for _, a := range i.root().GetAttributes() {
		if a.GetKey() == userKey {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}
