package report

// Merge adds what other has counted, which is left as it is. No request may be in
// both. Titles and other details stay as they are where there are any.
func (r *Report) Merge(other *Report) {
	r.total.merge(&other.total)
	r.twice += other.twice
	for key, d := range other.dimensions {
		own := r.dimensions[key]
		for _, from := range d.sorted() {
			to := own.at(from.name)
			to.merge(&from.figures)
			if to.detail == "" && to != &own.others {
				to.detail = from.detail
			}
		}
		own.others.merge(&d.others.figures)
		own.named += d.named
	}
	for day := range r.grid {
		for hour := range r.grid[day] {
			to, from := &r.grid[day][hour], &other.grid[day][hour]
			to.requests += from.requests
			to.cost.add(from.cost.value())
		}
	}
}
