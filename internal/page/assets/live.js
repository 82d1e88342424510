"use strict";
// The viewer's report loads itself again every half minute, while nobody is
// searching in it.
document.addEventListener("DOMContentLoaded", function () {
  if (!document.querySelector(".ranges")) return;
  setInterval(function () {
    const search = document.getElementById("search");
    if (document.visibilityState === "visible" && (!search || search.value === "" && document.activeElement !== search)) location.reload();
  }, 30000);
});
