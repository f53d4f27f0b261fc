// Filtering and opening the indicators. Without this script the page shows everything and each row still opens.
(() => {
  const rows = [...document.querySelectorAll(".indicators tbody")];
  const text = document.getElementById("cari");
  const state = document.getElementById("keadaan");
  const toggle = document.getElementById("buka");
  const shown = document.getElementById("tampil");
  const filter = () => {
    const words = text.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      const fits = row.textContent.toLowerCase().includes(words)
        && (!state.value || row.dataset.states.split(" ").includes(state.value));
      row.hidden = !fits;
      count += fits;
    }
    for (const sheet of document.querySelectorAll("#indikator .sheet")) {
      sheet.hidden = !sheet.querySelector("tbody:not([hidden])");
    }
    shown.textContent = `${count} dari ${rows.length} indikator`;
  };
  text.addEventListener("input", filter);
  state.addEventListener("input", filter);
  toggle.addEventListener("click", () => {
    const open = toggle.getAttribute("aria-pressed") !== "true";
    toggle.setAttribute("aria-pressed", open);
    toggle.textContent = open ? "Tutup semua rincian" : "Buka semua rincian";
    for (const row of rows) row.querySelector("details").open = open && !row.hidden;
  });
  const openTarget = () => {
    const row = rows.find((one) => `#${one.id}` === location.hash);
    if (row) row.querySelector("details").open = true;
  };
  window.addEventListener("hashchange", openTarget);
  openTarget();
  document.querySelector(".tools").hidden = false;
  filter();
})();
