/** News of an experiment as they happen. */

/**
 * Follow it from an epoch on; `heard` has a function for each of progress, epoch, end and lost.
 * After a lost connection the browser asks again, and says which epoch it has; `lost` means that it gave up.
 */
export function follow(id, afterEpoch, heard) {
  const source = new EventSource(`/experiments/${id}/events`);
  const read = (act) => (event) => act(JSON.parse(event.data));
  source.addEventListener("progress", read(heard.progress));
  source.addEventListener("epoch", read((news) => { if (news.epoch > afterEpoch) { afterEpoch = news.epoch; heard.epoch(news); } }));
  source.addEventListener("end", read((news) => { source.close(); heard.end(news); }));
  source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) heard.lost(); });
}
