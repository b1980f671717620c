// What a button puts on the clipboard.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // pages opened from a file may not have a clipboard of their own
    const area = make("textarea", { style: "position:fixed;opacity:0" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
// Copies and says so on the button for a moment.
async function copyFrom(button, text, said = "Copied") {
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  await copyText(text);
  button.textContent = said;
  clearTimeout(button.waiting);
  button.waiting = setTimeout(() => {
    button.textContent = label;
    delete button.dataset.label;
  }, 1500);
}
