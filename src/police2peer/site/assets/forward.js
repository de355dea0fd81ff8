// SPDX-License-Identifier: EUPL-1.2
// Carries the code in the address (after #, never sent to a server) on to the page in the chosen language.

function forward() {
  for (const link of document.querySelectorAll("a[hreflang]")) link.hash = location.hash;
}
window.addEventListener("hashchange", forward);
forward();
