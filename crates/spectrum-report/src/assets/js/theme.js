// Light or dark: what the address asks for (?theme=dark), what the button says, or the system's choice.
const isDark = () => {
  const set = document.documentElement.dataset.theme;
  return set === "dark" || (!set && matchMedia("(prefers-color-scheme: dark)").matches);
};

// `changed` is called when the page turns from one to the other: colours that are no CSS variables must follow.
function startTheme(changed) {
  const root = document.documentElement;
  const asked = new URLSearchParams(location.search).get("theme");
  if (asked === "dark" || asked === "light") root.dataset.theme = asked;
  document.getElementById("theme").addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; if (changed) changed(); });
  if (changed) matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
