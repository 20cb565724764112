// What a style sheet or a picture is in Jest.
export default '';
