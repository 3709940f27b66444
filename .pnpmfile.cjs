// uws-pack asks for Node 22 in `engines`, but its binaries load on Node 20 too (tested on 20 and 22). Dropping the
// field spares a newcomer a warning; where no binary loads, the hub falls back to `ws` and says so.
function readPackage(manifest) {
  if (manifest.name === 'uws-pack') delete manifest.engines;
  return manifest;
}

module.exports = { hooks: { readPackage } };
